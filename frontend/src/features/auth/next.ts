const BASE = "/app";

/**
 * Where to go on to within the dashboard, as the router knows it. `next` is anybody's word: whatever leads elsewhere is home.
 * The API names pages with /app before them, the router without.
 */
export function inside(next: string | undefined): string {
  const home = "/links";
  // Browsers read a backslash as a slash, and pass over control characters.
  if (!next?.startsWith("/") || next.startsWith("//") || /[\\\p{Cc}]/u.test(next)) return home;
  const url = new URL(next, location.origin);
  const path = url.pathname === BASE || url.pathname.startsWith(`${BASE}/`) ? url.pathname.slice(BASE.length) : url.pathname;
  // Where people sign in is no place to go on to; and what is left of /app//elsewhere is no path.
  return path.startsWith("//") || ["", "/", "/sign-in"].includes(path) ? home : `${path}${url.search}${url.hash}`;
}
