import { expect, test } from "vitest";
import { startOf, wall } from "./calendar";
import { change, point, tick } from "./format";
import { ticks } from "./ticks";

const zone = "Europe/Berlin";
const hourly = (day: string, count: number) => Array.from({ length: count }, (_, index) => new Date(startOf(day, zone).getTime() + index * 3_600_000));

test.each([
  ["2026-03-29", 23],
  ["2026-10-25", 25],
])("on %s, of %d hours, labels are at round hours of the clock", (day, count) => {
  const starts = hourly(day, count);
  const found = ticks(starts, "hour", zone, 8).map((index) => wall(starts[index] ?? new Date(0), zone).getUTCHours());
  expect(found).toEqual([0, 3, 6, 9, 12, 15, 18, 21]);
});

test("the hour that comes twice is told apart", () => {
  const starts = hourly("2026-10-25", 25);
  const names = starts.map((start) => point(start, "hour", zone));
  expect(new Set(names).size).toBe(25);
});

test("never more labels than there is room for, and always one", () => {
  const day = Array.from({ length: 365 }, (_, index) => new Date(Date.UTC(2026, 0, 1 + index)));
  for (const most of [2, 5, 12])
    for (const count of [1, 2, 5, 30, 90, 365]) {
      const found = ticks(day.slice(0, count), "day", "UTC", most);
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(most);
    }
});

test("midnight is named by its day, January by its year", () => {
  expect(tick(startOf("2026-11-24", zone), "hour", zone)).toBe("24 Nov");
  expect(tick(new Date("2026-11-24T09:00:00Z"), "hour", zone)).toBe("10:00");
  expect(tick(startOf("2026-01-01", zone), "month", zone)).toBe("2026");
});

test("more than nothing is no percentage", () => {
  expect([change(5, 0), change(110, 100), change(50, 100), change(1005, 1000)]).toEqual([undefined, "+10%", "-50%", "+0.5%"]);
});
