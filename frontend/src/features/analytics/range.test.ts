import { expect, test } from "vitest";
import { presets } from "./search";
import { intervalFor, intervalsFor, moved, ofDays, resolve, soFar, spoken, zoomed } from "./range";

const zone = "Europe/Berlin";
const today = "2026-11-24";
const hours = ({ since, until }: { since: Date; until: Date }) => (until.getTime() - since.getTime()) / 3_600_000;

test.each([
  ["today", "2026-11-24", "2026-11-24"],
  ["yesterday", "2026-11-23", "2026-11-23"],
  ["7d", "2026-11-18", "2026-11-24"],
  ["30d", "2026-10-26", "2026-11-24"],
  ["month", "2026-11-01", "2026-11-24"],
  ["last-month", "2026-10-01", "2026-10-31"],
  ["12m", "2025-12-01", "2026-11-24"],
  ["all", "2026-03-05", "2026-11-24"],
] as const)("%s is %s to %s", (range, first, last) => {
  expect(resolve({ range }, { today, zone, earliest: "2026-03-05" }).days).toEqual([first, last]);
});

test("a range that was said is understood as the same", () => {
  for (const range of presets) {
    const meant = resolve({ range }, { today, zone, earliest: "2025-01-01" });
    expect(resolve(spoken(meant), { today, zone })).toEqual(meant);
  }
});

test("the day on which clocks are set back is 25 hours long, and has as many points", () => {
  const range = ofDays("2026-10-25", "2026-10-25", zone);
  expect(hours(range)).toBe(25);
  expect(intervalFor(range)).toBe("hour");
});

test("steps back and forth lead to where they began, and months stay months", () => {
  for (const range of [ofDays("2026-10-20", "2026-10-26", zone), ofDays("2026-02-01", "2026-02-28", zone), ofDays("2026-01-01", "2026-12-31", zone)])
    expect(moved(moved(range, zone, -1), zone, 1)).toEqual(range);
  expect(moved(ofDays("2026-03-01", "2026-03-31", zone), zone, -1).days).toEqual(["2026-02-01", "2026-02-28"]);
});

test("weekdays match weekdays", () => {
  for (const days of [1, 3, 7, 30, 90]) {
    const range = resolve({ range: "30d" }, { today, zone });
    const before = moved(ofDays(today, new Date(Date.parse(today) + (days - 1) * 864e5).toISOString().slice(0, 10), zone), zone, -1, "weekdays");
    expect(before.until.getTime()).toBeLessThanOrEqual(ofDays(today, today, zone).since.getTime());
    expect(new Date(before.days?.[0] ?? "").getUTCDay()).toBe(new Date(today).getUTCDay());
    expect(range.days).toBeDefined();
  }
});

test("half a day is compared with half a day", () => {
  const range = ofDays(today, today, zone);
  const before = moved(range, zone, -1);
  expect(hours(soFar(range, before, new Date(range.since.getTime() + 6 * 3_600_000)))).toBe(6);
  expect(soFar(range, before, new Date("2027-01-01"))).toMatchObject({ until: before.until });
});

test.each([
  [1, "hour"],
  [3, "hour"],
  [7, "day"],
  [90, "day"],
  [365, "week"],
  [2000, "month"],
] as const)("of %d days it shows every %s", (days, interval) => {
  const range = ofDays("2020-01-01", new Date(Date.UTC(2020, 0, days)).toISOString().slice(0, 10), zone);
  expect(intervalFor(range)).toBe(interval);
  expect(intervalsFor(range)).toContain(interval);
  expect(intervalFor(range, "minute")).not.toBe("minute");
});

test("a point of a day becomes that day, one of an hour that hour", () => {
  const month = ofDays("2026-11-01", "2026-11-30", zone);
  const starts = Array.from({ length: 30 }, (_, index) => ofDays(`2026-11-${String(index + 1).padStart(2, "0")}`, "2026-11-30", zone).since);
  expect(zoomed(month, starts, "day", 4, 4, zone).days).toEqual(["2026-11-05", "2026-11-05"]);
  expect(zoomed(month, starts, "day", 29, 20, zone).days).toEqual(["2026-11-21", "2026-11-30"]);
  const day = ofDays(today, today, zone);
  const clock = Array.from({ length: 24 }, (_, index) => new Date(day.since.getTime() + index * 3_600_000));
  expect(spoken(zoomed(day, clock, "hour", 10, 10, zone))).toEqual({ from: "2026-11-24T09:00Z", to: "2026-11-24T10:00Z", range: undefined });
});
