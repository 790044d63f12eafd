import { addDays, addMonths, DAY, type Day, dayOf, daysBetween, firstOfMonth, isDay, startOf } from "./calendar";
import type { Comparison, Interval, Preset, StatisticsSearch } from "./search";

/** A stretch of time; `days` are the first and the last of the calendar's, where it is made of whole ones. */
export interface Range {
  readonly since: Date;
  readonly until: Date;
  readonly days?: readonly [first: Day, last: Day];
}

export const FALLBACK: Preset = "30d";

export function ofDays(first: Day, last: Day, zone: string): Range {
  return { since: startOf(first, zone), until: startOf(addDays(last, 1), zone), days: [first, last] };
}

/** The days of a preset; `earliest` is the first one on which anything happened. */
function daysOf(preset: Preset, today: Day, earliest: Day): [Day, Day] {
  const made: Record<Preset, [Day, Day]> = {
    "today": [today, today],
    "yesterday": [addDays(today, -1), addDays(today, -1)],
    "7d": [addDays(today, -6), today],
    "30d": [addDays(today, -29), today],
    "90d": [addDays(today, -89), today],
    "month": [firstOfMonth(today), today],
    "last-month": [addMonths(today, -1), addDays(firstOfMonth(today), -1)],
    "12m": [addMonths(today, -11), today],
    "all": [earliest <= today ? earliest : today, today],
  };
  return made[preset];
}

/** Find out which time an address means. */
export function resolve(search: StatisticsSearch, { today, zone, earliest = today }: { today: Day; zone: string; earliest?: Day }): Range {
  const { from, to } = search;
  if (from && to && isDay(from)) return ofDays(from, to, zone);
  if (from && to) return { since: new Date(from), until: new Date(to) };
  return ofDays(...daysOf(search.range ?? FALLBACK, today, earliest), zone);
}

const LENGTH: Record<Interval, number> = { minute: 60_000, hour: 3_600_000, day: DAY, week: 7 * DAY, month: 30 * DAY };
const length = ({ since, until }: Range): number => until.getTime() - since.getTime();
/** Points that a chart may have; more can't be told apart. */
const MOST = 800;

/** Which intervals make sense of a range: more than a point, and not more than can be seen. */
export function intervalsFor(range: Range): Interval[] {
  const fit = (Object.keys(LENGTH) as Interval[]).filter((one) => length(range) / LENGTH[one] <= MOST && length(range) / LENGTH[one] >= 1.5);
  return fit.length ? fit : ["minute"];
}

/** The interval that is shown unless another is asked for. */
export function intervalFor(range: Range, wanted?: Interval): Interval {
  const fit = intervalsFor(range);
  if (wanted && fit.includes(wanted)) return wanted;
  const days = length(range) / DAY;
  const best: Interval = days <= 0.13 ? "minute" : days <= 3.1 ? "hour" : days <= 130 ? "day" : days <= 900 ? "week" : "month";
  return fit.includes(best) ? best : (fit.at(-1) ?? "minute");
}

const isMonths = ([first, last]: readonly [Day, Day]): boolean => first.endsWith("-01") && addDays(last, 1).endsWith("-01");
const monthsIn = ([first, last]: readonly [Day, Day]): number =>
  (Number(last.slice(0, 4)) - Number(first.slice(0, 4))) * 12 + Number(last.slice(5, 7)) - Number(first.slice(5, 7)) + 1;

/** Move a range by its own length, or by whole weeks of at least that; whole months stay whole months. */
export function moved(range: Range, zone: string, steps: number, by: Comparison = "previous"): Range {
  if (!range.days) {
    const step = by === "weekdays" ? Math.ceil(length(range) / LENGTH.week) * LENGTH.week : length(range);
    return { since: new Date(range.since.getTime() + steps * step), until: new Date(range.until.getTime() + steps * step) };
  }
  const [first, last] = range.days;
  if (by === "previous" && isMonths(range.days)) {
    const months = monthsIn(range.days);
    return ofDays(addMonths(first, steps * months), addDays(addMonths(first, (steps + 1) * months), -1), zone);
  }
  const days = daysBetween(first, last) + 1;
  const step = by === "weekdays" ? Math.ceil(days / 7) * 7 : days;
  return ofDays(addDays(first, steps * step), addDays(last, steps * step), zone);
}

/** As much of the time before as has passed of this one: half a day compares with half a day. */
export function soFar(range: Range, before: Range, now: Date): Range {
  const passed = Math.max(Math.min(now.getTime(), range.until.getTime()) - range.since.getTime(), LENGTH.minute);
  return { since: before.since, until: new Date(Math.min(before.since.getTime() + passed, before.until.getTime())) };
}

const minute = (moment: Date): string => `${moment.toISOString().slice(0, 16)}Z`;

/** Say a range as an address does. */
export function spoken(range: Range): Pick<StatisticsSearch, "from" | "to" | "range"> {
  const [from, to] = range.days ?? [minute(range.since), minute(range.until)];
  return { from, to, range: undefined };
}

/** The range from the beginning of one point of a chart to the end of another; points of days make whole days. */
export function zoomed(range: Range, starts: readonly Date[], interval: Interval, first: number, last: number, zone: string): Range {
  const from = Math.min(first, last);
  const since = new Date(Math.max((starts[from] ?? range.since).getTime(), range.since.getTime()));
  const until = starts[Math.max(first, last) + 1] ?? range.until;
  if (interval === "minute" || interval === "hour") return { since, until };
  return ofDays(dayOf(since, zone), dayOf(new Date(until.getTime() - 1), zone), zone);
}
