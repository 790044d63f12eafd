import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { signIn } from "@/test/render";
import { server } from "@/test/server";
import { visit } from "./answers.testing";
import { events, merged, watch } from "./watch";

const question = { of: { link: 7 }, from: "2026-11-01T00:00:00.000Z", to: "2026-12-01T00:00:00.000Z", filter: ["country:DE", "-os:iOS"] };
const live = (cursor: string) => ({ counts: { clicks: 1, visitors: 1, bots: 0 }, items: [], cursor });

function streamed(...parts: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const part of parts) controller.enqueue(encoder.encode(part));
      controller.close();
    },
  });
}

async function collected<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const one of from) all.push(one);
  return all;
}

test("events are read wherever the network cuts them", async () => {
  const sent = 'retry: 1000\n\nid: a\ndata: {"n":1}\n\n: still here\n\nid: b\ndata: {"n":"é"}\n\n';
  const bytes = new TextEncoder().encode(sent);
  for (let cut = 1; cut < bytes.length; cut++) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.slice(0, cut));
        controller.enqueue(bytes.slice(cut));
        controller.close();
      },
    });
    expect(await collected(events(body))).toEqual(['{"n":1}', '{"n":"é"}']);
  }
});

test("clicks that come twice, or late, are there once and in their place", () => {
  const [a, b, c, d] = [visit("a", "2026-11-24T10:00:00Z"), visit("b", "2026-11-24T10:00:01Z"), visit("c", "2026-11-24T10:00:02Z"), visit("d", "2026-11-24T10:00:03Z")];
  const known = merged(merged([], [b, a], 3), [d, b], 3);
  expect(merged(known, [c, d, c], 3).map(({ id }) => id)).toEqual(["d", "c", "b"]);
});

test("merging is the same in any order, and again", () => {
  const all = Array.from({ length: 40 }, (_, index) => visit(`v${index}`, new Date(1.8e12 + index * 1000).toISOString()));
  for (let round = 0; round < 20; round++) {
    const mixed = all.toSorted(() => Math.random() - 0.5);
    let known = merged([], mixed.slice(0, 25), 50);
    known = merged(merged(known, mixed.slice(15), 50), mixed.slice(5, 30), 50);
    expect(known).toEqual(all.toReversed());
  }
});

test("where no events are sent, it asks again with the cursor", async () => {
  signIn();
  const asked: URLSearchParams[] = [];
  const end = new AbortController();
  server.use(
    http.get("*/api/v1/stats/live", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      expect(request.headers.get("authorization")).toBe("Bearer token");
      return HttpResponse.json(live(`c${asked.length}`));
    }),
  );
  for await (const { cursor } of watch(question, end.signal)) if (cursor === "c2") end.abort();
  expect(asked.map((query) => query.get("cursor"))).toEqual([null, "c1"]);
  expect(asked[0]?.getAll("filter")).toEqual(["country:DE", "-os:iOS"]);
  expect(asked[0]?.has("to")).toBe(false);
});

test("a stream that ends is taken up where it was", async () => {
  signIn();
  const cursors: (string | null)[] = [];
  const end = new AbortController();
  server.use(
    http.get("*/api/v1/stats/live", ({ request }) => {
      cursors.push(new URL(request.url).searchParams.get("cursor"));
      const body = streamed(`id: x\ndata: ${JSON.stringify(live(`c${cursors.length}`))}\n\n`);
      return new HttpResponse(body, { headers: { "content-type": "text/event-stream" } });
    }),
  );
  for await (const { cursor } of watch(question, end.signal)) if (cursor === "c3") end.abort();
  expect(cursors).toEqual([null, "c1", "c2"]);
});

test("what is refused for good is not asked again", async () => {
  server.use(http.get("*/api/v1/stats/live", () => HttpResponse.json({ status: 403 }, { status: 403 })));
  expect(await collected(watch(question, new AbortController().signal))).toEqual([]);
});
