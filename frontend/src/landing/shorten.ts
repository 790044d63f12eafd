import { encode } from "uqr";
import { problem } from "@/api/errors";
import { postAuthGuest, postLinks } from "@/api/generated";
import { begin, current, likely, refresh } from "@/api/session";
import { landing as text } from "@/text/landing";

export interface Made {
  id: number;
  shortUrl: string;
  target: string;
  /** Days that a guest's link works for; null is without end. */
  days: number | null;
  copied: boolean;
  /** Modules as one SVG path in a square of `size`, quiet zone included. */
  qr: { size: number; path: string };
}

const DAY = 86_400_000;

/** Shorten as whoever is signed in here, else as a new guest, and put the short link on the clipboard. Throws ApiError, or Error for what is no address. */
export async function shorten(typed: string): Promise<Made> {
  const target = address(typed);
  if (target === null) throw new Error(text.notAddress);
  const link = create(target);
  // Some browsers allow copying only at the press itself: they take the promise of a text then.
  const copied = copyLater(link.then(({ short_url }) => short_url));
  const { id, short_url, target: kept, expires_at } = await link;
  const session = current();
  const guest = session.status === "in" && session.user.guest;
  const days = guest && expires_at ? Math.round((new Date(expires_at).getTime() - Date.now()) / DAY) : null;
  return { id, shortUrl: short_url, target: kept, days, copied: await copied, qr: drawn(short_url) };
}

/** Read what people paste as an address: without a scheme it is https. */
export function address(typed: string): string | null {
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(typed) && !/^[^/]+:\d/.test(typed) ? typed : `https://${typed}`;
  try {
    const url = new URL(whole);
    return /^https?:$/.test(url.protocol) && (url.hostname.includes(".") || url.hostname === "localhost") ? whole : null;
  } catch {
    return null;
  }
}

async function create(target: string) {
  if (current().status === "unknown" && likely()) await refresh();
  if (current().status !== "in") {
    try {
      begin((await postAuthGuest()).data);
    } catch (error) {
      const failed = problem(error);
      throw failed.status === 403 ? new Error(text.closed) : failed;
    }
  }
  const { data } = await postLinks({ body: { target }, headers: { "Idempotency-Key": crypto.randomUUID() } });
  return data;
}

async function copyLater(value: Promise<string>): Promise<boolean> {
  try {
    if ("ClipboardItem" in globalThis) {
      const blob = value.then((found) => new Blob([found], { type: "text/plain" }));
      // Where the clipboard does not wait for it, it fails unheard; whoever made the link hears of it.
      blob.catch(() => undefined);
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    } else {
      await navigator.clipboard.writeText(await value);
    }
    return true;
  } catch {
    // Refused, or there is no link: then that is what is said.
    return false;
  }
}

function drawn(value: string): Made["qr"] {
  const { data, size } = encode(value, { border: 2 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return { size, path };
}
