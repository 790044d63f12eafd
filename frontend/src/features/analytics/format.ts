import { language } from "@/lib/language";
import type { Range } from "./range";
import type { Interval } from "./search";

const locale = language === "de" ? "de-DE" : "en-GB";
const made = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = made.get(key);
  if (!found) made.set(key, (found = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options })));
  return found;
}

const TIME = { hour: "2-digit", minute: "2-digit" } as const;
const DATE = { day: "numeric", month: "short" } as const;

/** The label of a point beneath a chart: short, as the heading says which year it is. */
export function tick(start: Date, interval: Interval, zone: string): string {
  if (interval === "month") {
    const january = formatter(zone, { month: "numeric" }).format(start) === "1";
    return formatter(zone, january ? { year: "numeric" } : { month: "short" }).format(start);
  }
  if (interval === "day" || interval === "week") return formatter(zone, DATE).format(start);
  const time = formatter(zone, TIME).format(start);
  return time === "00:00" ? formatter(zone, DATE).format(start) : time;
}

/** When a point of a chart is, in full. Where clocks are set back, hours come twice: the offset tells them apart. */
export function point(start: Date, interval: Interval, zone: string): string {
  if (interval === "month") return formatter(zone, { month: "long", year: "numeric" }).format(start);
  if (interval === "week") return formatter(zone, { ...DATE, year: "numeric" }).formatRange(start, new Date(start.getTime() + 6.5 * 86_400_000));
  const day = { weekday: "short", ...DATE, year: "numeric" } as const;
  return formatter(zone, interval === "day" ? day : { ...day, ...TIME, timeZoneName: "short" }).format(start);
}

/** A range as people say it. */
export function period({ since, until, days }: Range, zone: string): string {
  const last = new Date(until.getTime() - 1);
  return days
    ? formatter(zone, { ...DATE, year: "numeric" }).formatRange(since, last)
    : formatter(zone, { ...DATE, ...TIME, year: "numeric" }).formatRange(since, until);
}

export const time = (at: string, zone: string): string => formatter(zone, { ...TIME, second: "2-digit" }).format(new Date(at));

/** How much more or less that is than before: "+12 %"; nothing can be said of nothing. */
export function change(now: number, before: number): string | undefined {
  if (before === 0) return undefined;
  const part = (now - before) / before;
  return new Intl.NumberFormat(locale, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: Math.abs(part) < 0.1 ? 1 : 0 }).format(part);
}
