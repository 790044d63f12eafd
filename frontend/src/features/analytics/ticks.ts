import { wall } from "./calendar";
import type { Interval } from "./search";

type Rule = (shown: Date) => boolean;

const hours = (step: number): Rule => (shown) => shown.getUTCMinutes() === 0 && shown.getUTCHours() % step === 0;
const minutes = (step: number): Rule => (shown) => shown.getUTCMinutes() % step === 0;
const months = (step: number): Rule => (shown) => shown.getUTCDate() === 1 && shown.getUTCMonth() % step === 0;
const mondays: Rule = (shown) => shown.getUTCDay() === 1;
const midnight: Rule = hours(24);
const BEGINNINGS: Rule = (shown) => shown.getUTCDate() <= 7;

const RULES: Record<Interval, readonly Rule[]> = {
  minute: [minutes(5), minutes(10), minutes(15), minutes(30), hours(1), hours(3), hours(6), hours(12), midnight],
  hour: [hours(1), hours(2), hours(3), hours(6), hours(12), midnight, (shown) => midnight(shown) && mondays(shown), (shown) => midnight(shown) && months(1)(shown)],
  day: [() => true, (shown) => shown.getUTCDate() % 2 === 1, mondays, months(1), months(3), months(12)],
  week: [() => true, BEGINNINGS, (shown) => BEGINNINGS(shown) && shown.getUTCMonth() % 3 === 0, (shown) => BEGINNINGS(shown) && shown.getUTCMonth() === 0],
  month: [() => true, months(3), months(6), months(12)],
};

/** Which points of a chart get a label: at round times of the zone's clocks, at most so many. */
export function ticks(starts: readonly Date[], interval: Interval, zone: string, most: number): number[] {
  const shown = starts.map((start) => wall(start, zone));
  let found: number[] = [];
  for (const rule of RULES[interval]) {
    found = shown.flatMap((one, index) => (rule(one) ? [index] : []));
    if (found.length <= most) break;
  }
  // Too long for every rule, or without a round time in it.
  if (found.length > most || found.length === 0) {
    const step = Math.ceil(starts.length / most);
    found = starts.flatMap((_, index) => (index % step === 0 ? [index] : []));
  }
  return found;
}
