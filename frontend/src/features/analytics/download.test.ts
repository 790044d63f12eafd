import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { signIn } from "@/test/render";
import { server } from "@/test/server";
import { fetchFile, joined } from "./download";

const question = { of: { tag: 3 }, from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z", filter: ["country:DE", "country:AT"] };

test("a file in parts is put together", async () => {
  signIn();
  const asked: string[] = [];
  server.use(
    http.get("*/api/v1/stats/breakdown/export", ({ request }) => {
      const { searchParams } = new URL(request.url);
      asked.push(searchParams.toString());
      if (searchParams.has("cursor")) return new HttpResponse("b,2\r\n");
      return new HttpResponse("value,clicks\r\na,1\r\n", { headers: { link: '</api/v1/stats/breakdown/export?cursor=x>; rel="next"' } });
    }),
  );
  expect(await fetchFile(question, { what: "breakdown", dimension: "os" }, "csv")).toBe("value,clicks\r\na,1\r\nb,2\r\n");
  expect(asked).toHaveLength(2);
  expect([...new URLSearchParams(asked[0])]).toEqual([
    ["tag", "3"],
    ["from", question.from],
    ["to", question.to],
    ["filter", "country:DE"],
    ["filter", "country:AT"],
    ["dimension", "os"],
    ["format", "csv"],
  ]);
});

test("parts of JSON are one array", () => {
  expect(JSON.parse(joined(['[{"a":1}]\n', '[{"a":2}]\n'], "json"))).toEqual([{ a: 1 }, { a: 2 }]);
  expect(joined(["[]\n"], "json")).toBe("[]\n");
});
