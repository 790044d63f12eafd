import { isDay, isZone } from "./calendar";
import { dimensions, type Dimension, LINK } from "./dimensions";
import { canonical } from "./filters";

export const presets = ["today", "yesterday", "7d", "30d", "90d", "month", "last-month", "12m", "all"] as const;
export type Preset = (typeof presets)[number];
export const intervals = ["minute", "hour", "day", "week", "month"] as const;
export type Interval = (typeof intervals)[number];
export type Comparison = "previous" | "weekdays";

/** What the address says of a page of statistics. All of it may be missing. */
export interface StatisticsSearch {
  range?: Preset;
  /** Instead of a preset: days of the calendar, or moments ("2026-11-24T10:00Z"). Of days `to` is the last one; a moment is not part of it. */
  from?: string;
  to?: string;
  interval?: Interval;
  /** Another time zone than one's own. */
  zone?: string;
  compare?: Comparison;
  /** As the API has them: "country:DE", "-country:DE". */
  filter?: string[];
  /** Of which dimension all values are shown, in a dialog; or all links. */
  all?: Dimension | typeof LINK;
  /** Whether the dialog of who else may see them is open. */
  share?: true;
}

const among = <T extends string>(all: readonly T[], value: unknown): T | undefined => all.find((one) => one === value);
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/;
const isMoment = (value: unknown): value is string => typeof value === "string" && MOMENT.test(value) && !Number.isNaN(Date.parse(value));

function between(from: unknown, to: unknown): Pick<StatisticsSearch, "from" | "to"> | undefined {
  if (isDay(from) && isDay(to) && from <= to) return { from, to };
  if (isMoment(from) && isMoment(to) && Date.parse(from) < Date.parse(to)) return { from, to };
  return undefined;
}

/** Read what an address says; what makes no sense is as if it were not there. */
export function validateSearch(search: Record<string, unknown>): StatisticsSearch {
  const range = among(presets, search.range);
  const read: StatisticsSearch = {
    ...(range ? { range } : between(search.from, search.to)),
    interval: among(intervals, search.interval),
    zone: isZone(search.zone) ? search.zone : undefined,
    compare: among(["previous", "weekdays"], search.compare),
    all: among([...dimensions, LINK], search.all),
    share: search.share === true ? true : undefined,
  };
  const filter = canonical(Array.isArray(search.filter) ? search.filter : [search.filter]);
  if (filter.length) read.filter = filter;
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined));
}
