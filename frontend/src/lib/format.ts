import { language } from "@/lib/language";

const locale = language === "de" ? "de-DE" : "en-GB";
const whole = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const share = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const sizes = SIZES.map((unit) => new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }));
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const countries = new Intl.DisplayNames(locale, { type: "region", fallback: "code" });
const languages = new Intl.DisplayNames(locale, { type: "language", fallback: "code" });

export const number = (value: number): string => whole.format(value);
/** 12,345 as 12.3K. */
export const compact = (value: number): string => short.format(value);
/** Of a part between 0 and 1. */
export const percent = (value: number): string => share.format(value);
/** 1,234,567 bytes as 1.2 MB. */
export function bytes(value: number): string {
  const power = value < 1000 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log10(value) / 3));
  return sizes[power]?.format(value / 1000 ** power) ?? "";
}
export const date = (value: string | Date): string => day.format(new Date(value));
export const dateTime = (value: string | Date): string => moment.format(new Date(value));

const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_556_952],
  ["month", 2_629_746],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** A moment as seen from another: "3 hours ago", "tomorrow". */
export function ago(value: string | Date, now: Date = new Date()): string {
  const seconds = (new Date(value).getTime() - now.getTime()) / 1000;
  for (const [unit, length] of UNITS) if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  return relative.format(0, "second");
}

/** The name of an ISO 3166 code. */
export function country(code: string): string {
  try {
    return countries.of(code) ?? code;
  } catch {
    return code;
  }
}

/** The name of a BCP 47 tag. */
export function languageName(tag: string): string {
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** An address as people read it: without scheme and final slash. */
export const bare = (url: string): string => url.replace(/^https?:\/\//, "").replace(/\/$/, "");
