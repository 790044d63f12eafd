import { expect, test } from "vitest";
import { utm, withUtm } from "./utm";

test("a parameter is set in its place, and everything else stays as it is written", () => {
  expect(withUtm("https://example.com/?a=%2B&utm_source=x&b#top", "source", "news letter")).toBe("https://example.com/?a=%2B&utm_source=news%20letter&b#top");
  expect(withUtm("https://example.com/#top", "medium", "mail")).toBe("https://example.com/?utm_medium=mail#top");
  expect(withUtm("https://example.com/?utm_source=x", "source", "")).toBe("https://example.com/");
});

test("a parameter is read as it was meant", () => {
  expect(utm("https://example.com/?utm_source=a+b%21", "source")).toBe("a b!");
  expect(utm("https://example.com/?utm_source=%zz", "source")).toBe("%zz");
  expect(utm("", "source")).toBe("");
});
