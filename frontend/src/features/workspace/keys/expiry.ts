/** How long a new key works: days, for ever, or until a day. */
export const TERMS = ["30", "90", "365", "never", "day"] as const;
export type Term = (typeof TERMS)[number];

const DAY = 86_400_000;

/** The moment at which a key ends that works for so long, or to the end of `day` (YYYY-MM-DD) by the person's own clock; null is never. */
export function expiry(term: Term, day: string, now: Date = new Date()): string | null {
  if (term === "never") return null;
  const end = term === "day" ? new Date(`${day}T23:59:59`) : new Date(now.getTime() + Number(term) * DAY);
  return end.toISOString();
}

export type Life = "endless" | "lasting" | "ending" | "ended";

/** How it stands with a key that ends then: soon is within a week. */
export function life(expiresAt: string | null, now: Date = new Date()): Life {
  if (expiresAt === null) return "endless";
  const left = new Date(expiresAt).getTime() - now.getTime();
  if (left <= 0) return "ended";
  return left < 7 * DAY ? "ending" : "lasting";
}
