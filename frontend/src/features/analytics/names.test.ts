import { expect, test } from "vitest";
import { dimensions } from "./dimensions";
import { nameOf, spokenFilter } from "./names";

test.each([
  ["country", "DE", { name: "Germany" }],
  ["country", "ZZ9", { name: "ZZ9" }],
  ["city", "GB/London", { name: "London", within: "United Kingdom" }],
  ["city", "Atlantis", { name: "Atlantis" }],
  ["region", "GB-ENG", { name: "GB-ENG", within: "United Kingdom" }],
  ["language", "de", { name: "German" }],
  ["language", "not a tag", { name: "not a tag" }],
  ["device", "mobile", { name: "Phone" }],
  ["qr", "true", { name: "By QR code" }],
  ["utm_term", "constructor", { name: "constructor" }],
  ["channel", "unheard of", { name: "unheard of" }],
] as const)("%s %s", (dimension, value, name) => {
  expect(nameOf(dimension, value)).toEqual(name);
});

test("to have no value has a name, whatever it is", () => {
  for (const dimension of dimensions) expect(nameOf(dimension, "").name).toBeTruthy();
});

test("filters are spoken", () => {
  expect(spokenFilter({ dimension: "source", value: "", negated: true })).toBe("Source is not Direct or unknown");
});
