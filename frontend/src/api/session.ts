import axios from "axios";
import { useSyncExternalStore } from "react";
import { ApiError, problem } from "./errors";
import type { SignedIn, UserOut } from "./generated";

/** Who is signed in: not asked yet, nobody, or somebody. The access token stays in memory; the refresh token is a cookie that no script reads. */
export type Session =
  | { readonly status: "unknown" }
  | { readonly status: "out" }
  | { readonly status: "in"; readonly user: UserOut; readonly token: string; readonly until: number };

let session: Session = { status: "unknown" };
let refreshing: Promise<Session> | undefined;
const listeners = new Set<() => void>();

function set(next: Session): Session {
  session = next;
  for (const told of listeners) told();
  return session;
}

export const current = (): Session => session;

const HINT = "session";

/** Keep in mind whether this browser has a session at all: scripts don't see its cookie. */
function remember(there: boolean): void {
  try {
    if (there) localStorage.setItem(HINT, "1");
    else localStorage.removeItem(HINT);
  } catch {
    // Then it is asked for where it is needed only.
  }
}

/** Whether it is worth asking who is signed in, where a page does not depend on it. */
export function likely(): boolean {
  try {
    return localStorage.getItem(HINT) !== null;
  } catch {
    return false;
  }
}

/** Take the answer of a registration, log-in or refresh. */
export function begin({ user, access_token, expires_in }: SignedIn): Session {
  remember(true);
  return set({ status: "in", user, token: access_token, until: Date.now() + expires_in * 1000 });
}

/** Take what the API says now of the person, after a change of name or address. */
export function update(user: UserOut): void {
  if (session.status === "in") set({ ...session, user });
}

export function end(): Session {
  remember(false);
  return set({ status: "out" });
}

/** Leave for the page where people sign in: it is loaded anew, so that nothing of who was there is left in memory. */
export function leave(search = ""): void {
  remember(false);
  location.assign(`/app/sign-in${search}`);
}

declare global {
  interface Window {
    /** The first answer to who is signed in, asked for by app.html before any code of ours ran. */
    ginnelSession?: Promise<{ status: number; body: SignedIn }> | undefined;
  }
}

async function asked(): Promise<SignedIn> {
  const first = await window.ginnelSession?.catch(() => undefined);
  window.ginnelSession = undefined;
  if (first?.status === 200) return first.body;
  if (first?.status === 401) throw new ApiError(401, {});
  return (await axios.post<SignedIn>("/api/v1/auth/refresh", {}, { headers: { "content-type": "application/json" } })).data;
}

/** How often a refresh that met another is tried, and after how many milliseconds each. */
const TRIES = 5;
const PAUSE = 600;

async function ask(left = TRIES): Promise<Session> {
  try {
    return begin(await asked());
  } catch (error) {
    const failed = problem(error);
    // The answer to another page's request is on its way, or was lost with that page: then the token holds once more in a moment.
    if (failed.status === 409 && left > 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      return ask(left - 1);
    }
    if (failed.status !== 401) throw failed;
    return end();
  }
}

/**
 * Get a new access token: one call for all who ask at once, and one tab after the other, as each refresh token holds once.
 * Throws ApiError when the server can't be asked: then nobody is signed out.
 */
export function refresh(): Promise<Session> {
  // Without TLS browsers know no locks, whatever the types say; two tabs may then have to sign in again.
  const locks = navigator.locks as LockManager | null | undefined;
  refreshing ??= (locks ? locks.request("ginnel-refresh", () => ask()) : ask()).finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

export function useSession(): Session {
  return useSyncExternalStore(
    (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
    current,
    current,
  );
}

/** The person who is signed in; only beneath the pages that ask for it. */
export function useUser(): UserOut {
  const found = useSession();
  if (found.status !== "in") throw new Error("nobody is signed in");
  return found.user;
}
