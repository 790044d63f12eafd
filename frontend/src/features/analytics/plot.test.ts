import { expect, test } from "vitest";
import { MARGIN, plot, roundCounts } from "./plot";

test.each([
  [0, [0, 1]],
  [1, [0, 1]],
  [3, [0, 1, 2, 3]],
  [4, [0, 1, 2, 3, 4]],
  [42, [0, 20, 40, 60]],
  [4200, [0, 2000, 4000, 6000]],
  [1_000_000, [0, 500_000, 1_000_000]],
])("of %d at most, labels are %j", (most, counts) => {
  expect(roundCounts(most)).toEqual(counts);
});

test("labels are few, whole, and reach the most", () => {
  for (let most = 1; most < 1e9; most = Math.ceil(most * 1.37)) {
    const counts = roundCounts(most);
    expect(counts.length).toBeLessThanOrEqual(6);
    expect(counts.every(Number.isInteger)).toBe(true);
    expect(counts.at(-1)).toBeGreaterThanOrEqual(most);
  }
});

test("the nearest point to a point is itself, and none is beyond the ends", () => {
  for (const points of [1, 2, 30, 800]) {
    const { x, nearest } = plot(points, 10, { width: 360, height: 200 });
    for (let index = 0; index < points; index++) expect(nearest(x(index))).toBe(index);
    expect([nearest(-50), nearest(9999)]).toEqual([0, points - 1]);
    expect(x(0)).toBeGreaterThanOrEqual(MARGIN.left);
  }
});
