import { expect, test } from "vitest";
import { addMonths, dayOf, isDay, isZone, startOf, unwall, wall } from "./calendar";

const ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Santiago", "Pacific/Apia", "Asia/Kolkata"];

test.each(ZONES)("what clocks show in %s leads back to the moment, all year", (zone) => {
  for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 37 * 3_600_000) {
    const back = unwall(wall(new Date(at), zone), zone).getTime();
    // An hour that comes twice is its first.
    expect([at, at - 3_600_000, at - 1_800_000]).toContain(back);
  }
});

test.each([
  ["2026-03-29", "Europe/Berlin", 23],
  ["2026-10-25", "Europe/Berlin", 25],
  ["2026-11-24", "Europe/Berlin", 24],
  ["2026-04-05", "Australia/Lord_Howe", 24.5],
])("%s in %s has %d hours", (day, zone, hours) => {
  const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
  expect((startOf(next, zone).getTime() - startOf(day, zone).getTime()) / 3_600_000).toBe(hours);
});

test("a day that has no midnight begins when clocks have jumped past it", () => {
  expect(startOf("2026-09-06", "America/Santiago").toISOString()).toBe("2026-09-06T04:00:00.000Z");
});

test("the same moment is another day elsewhere", () => {
  const moment = new Date("2026-11-24T23:30:00Z");
  expect([dayOf(moment, "UTC"), dayOf(moment, "Asia/Tokyo")]).toEqual(["2026-11-24", "2026-11-25"]);
});

test("months are added over the end of years", () => {
  expect([addMonths("2026-01-31", -2), addMonths("2026-12-15", 1)]).toEqual(["2025-11-01", "2027-01-01"]);
});

test("days and zones that there are not are none", () => {
  expect(["2026-02-30", "2026-2-3", 5].some(isDay)).toBe(false);
  expect(["Mars/Olympus", "", null].some(isZone)).toBe(false);
});
