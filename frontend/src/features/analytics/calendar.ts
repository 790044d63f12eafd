/** A day of the calendar, "2026-11-24", wherever. */
export type Day = string;

export const DAY = 86_400_000;
const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(zone: string): Intl.DateTimeFormat {
  let found = clocks.get(zone);
  if (!found) {
    // "h23", as some browsers call midnight 24 else.
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" } as const;
    found = new Intl.DateTimeFormat("en-u-ca-iso8601", { timeZone: zone, ...parts });
    clocks.set(zone, found);
  }
  return found;
}

/** What clocks in the zone show at a moment, as the moment at which those in UTC show the same. */
export function wall(moment: Date, zone: string): Date {
  const shown = Object.fromEntries(clock(zone).formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  return new Date(Date.UTC(shown.year ?? 0, (shown.month ?? 1) - 1, shown.day, shown.hour, shown.minute, shown.second));
}

const ahead = (moment: Date, zone: string): number => wall(moment, zone).getTime() - Math.floor(moment.getTime() / 1000) * 1000;

/** When clocks in the zone show that: the first time if twice, and if never, when they have just jumped past it. */
export function unwall(shown: Date, zone: string): Date {
  const at = shown.getTime();
  const guesses = [at - ahead(new Date(at - DAY), zone), at - ahead(new Date(at + DAY), zone)];
  const right = guesses.filter((guess) => wall(new Date(guess), zone).getTime() === at);
  return new Date(right.length ? Math.min(...right) : Math.max(...guesses));
}

export const dayOf = (moment: Date, zone: string): Day => wall(moment, zone).toISOString().slice(0, 10);
/** When a day begins in the zone, which is not midnight where clocks jump at it. */
export const startOf = (day: Day, zone: string): Date => unwall(new Date(`${day}T00:00:00Z`), zone);
export const addDays = (day: Day, days: number): Day => new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);
export const daysBetween = (first: Day, last: Day): number => Math.round((Date.parse(last) - Date.parse(first)) / DAY);
export const firstOfMonth = (day: Day): Day => `${day.slice(0, 8)}01`;

/** The first of another month. */
export function addMonths(day: Day, months: number): Day {
  const first = new Date(firstOfMonth(day));
  first.setUTCMonth(first.getUTCMonth() + months);
  return first.toISOString().slice(0, 10);
}

export function isDay(value: unknown): value is Day {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const read = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(value);
}

export function isZone(value: unknown): value is string {
  if (typeof value !== "string") return false;
  try {
    return clock(value).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;
