import { expect, test } from "vitest";
import { expiry, life } from "./expiry";

const now = new Date("2026-03-01T12:00:00Z");

test("a term counts from now, a day to its end where the person is", () => {
  expect(expiry("30", "", now)).toBe("2026-03-31T12:00:00.000Z");
  expect(expiry("never", "", now)).toBeNull();
  expect(expiry("day", "2026-05-04", now)).toBe(new Date(2026, 4, 4, 23, 59, 59).toISOString());
});

test("the last week of a key is told", () => {
  expect([null, "2026-03-20T00:00:00Z", "2026-03-05T00:00:00Z", "2026-02-01T00:00:00Z"].map((end) => life(end, now))).toEqual([
    "endless",
    "lasting",
    "ending",
    "ended",
  ]);
});
