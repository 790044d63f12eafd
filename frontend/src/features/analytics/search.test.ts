import { parseSearchWith, stringifySearchWith } from "@tanstack/react-router";
import { expect, test } from "vitest";
import { dimensions, LINK } from "./dimensions";
import { canonical, negated, read, toggled, write } from "./filters";
import { intervals, presets, type StatisticsSearch, validateSearch } from "./search";

const VALUES = ["DE", "", "a:b", "-x", "Ünïcode ☕", '["q"]', "a,b&c=d#e%20+", "  ", "null", "12", "<b>", "a\nb"];
const stringify = stringifySearchWith(JSON.stringify, JSON.parse);
const parse = parseSearchWith(JSON.parse);

const searches: StatisticsSearch[] = [
  {},
  ...presets.map((range) => ({ range })),
  ...intervals.map((interval) => ({ interval, from: "2026-01-01", to: "2026-01-31" })),
  { from: "2026-11-24T10:00Z", to: "2026-11-24T11:00Z", zone: "Asia/Kathmandu", compare: "weekdays" },
  ...dimensions.map((dimension) => ({ all: dimension, filter: [`${dimension}:x`] })),
  { all: LINK },
  ...VALUES.flatMap((value) => [{ filter: [`utm_term:${value}`] }, { filter: [`-city:${value}`, `city:${value}y`] }]),
];

test.each(searches)("the address says it again: %j", (search) => {
  expect(validateSearch(parse(stringify(search)))).toEqual(search);
});

test.each([
  { range: "1000y" },
  { from: "2026-02-30", to: "2026-03-01" },
  { from: "2026-03-02", to: "2026-03-01" },
  { from: "2026-03-02", to: "2026-03-02T10:00Z" },
  { zone: "Mars/Olympus" },
  { filter: ["nothing:x", "country", 5, null, "country:\0"] },
  { filter: { a: 1 }, all: "clicks", interval: "second", compare: true, share: "yes" },
])("what makes no sense is not there: %j", (search) => {
  expect(validateSearch(search)).toEqual({});
});

test("a filter is read as it was written", () => {
  for (const dimension of dimensions)
    for (const value of VALUES) for (const no of [true, false]) expect(read(write({ dimension, value, negated: no }))).toEqual({ dimension, value, negated: no });
});

test("a filter twice is it once, and its opposite replaces it", () => {
  expect(canonical(["country:DE", "country:AT", "country:DE"])).toEqual(["country:AT", "country:DE"]);
  expect(canonical(["country:DE", "-country:DE"])).toEqual(["-country:DE"]);
});

test("toggling twice, and negating twice, changes nothing", () => {
  const filters = ["country:DE", "-os:iOS"];
  expect(toggled(toggled(filters, "device:mobile"), "device:mobile")).toEqual(filters);
  expect(toggled(filters, "country:DE")).toEqual(["-os:iOS"]);
  expect(negated(negated(["country:DE"], "country:DE"), "-country:DE")).toEqual(["country:DE"]);
});
