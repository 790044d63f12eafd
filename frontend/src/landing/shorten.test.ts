import { expect, test } from "vitest";
import { address } from "./shorten";

test.each([
  ["https://example.com/a?b#c", "https://example.com/a?b#c"],
  ["example.com/a", "https://example.com/a"],
  ["example.com:8080/a", "https://example.com:8080/a"],
  ["localhost:3000", "https://localhost:3000"],
  ["http://localhost/", "http://localhost/"],
  ["javascript:alert(1)", null],
  ["data:text/html,x", null],
  ["ftp://example.com/", null],
  ["hello", null],
  ["two words", null],
  ["", null],
])("reads %s as %s", (typed, found) => {
  expect(address(typed)).toBe(found);
});
