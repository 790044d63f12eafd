import { expect, test } from "vitest";
import { inside } from "./next";

test.each([
  ["/links?q=a#b", "/links?q=a#b"],
  ["/app/links/7", "/links/7"],
  ["/app", "/links"],
  ["/application", "/application"],
  ["/account?tab=data", "/account?tab=data"],
])("%s is on this site", (next, to) => {
  expect(inside(next)).toBe(to);
});

test.each([undefined, "", "links", "https://evil.example/", "//evil.example/", "/\\evil.example", "/\t/evil.example", "/app//evil.example", "javascript:alert(1)", "/sign-in?next=/sign-in"])(
  "%s leads home instead",
  (next) => {
    expect(inside(next)).toBe("/links");
  },
);
