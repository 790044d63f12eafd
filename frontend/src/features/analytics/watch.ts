import type { Live, Visit } from "@/api/generated";
import { current, refresh } from "@/api/session";
import { workspace } from "@/api/workspace";
import type { Question } from "./api";

/** Milliseconds between two looks where the server sends no events. */
const EVERY = 2000;
const LONGEST = 30_000;

/** Read server-sent events: what is complete of them, an event's data each. */
export async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data:"));
        if (data.length) yield data.map((line) => line.slice(5).trimStart()).join("\n");
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Put new clicks before those that are known, each once, however often and late it comes; newest first. */
export function merged(known: readonly Visit[], fresh: readonly Visit[], most: number): Visit[] {
  const ids = new Set<string>();
  const all = [...fresh, ...known].filter(({ id }) => !ids.has(id) && ids.add(id));
  return all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, most);
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function headers(): Promise<Record<string, string>> {
  let session = current();
  if (session.status === "in" && session.until - Date.now() < 10_000) session = await refresh();
  const chosen = workspace();
  return {
    accept: "text/event-stream, application/json",
    ...(session.status === "in" ? { authorization: `Bearer ${session.token}` } : {}),
    ...(chosen === null ? {} : { "ginnel-workspace": String(chosen) }),
  };
}

function address({ of, from, filter }: Question, cursor: string | undefined): string {
  const query = new URLSearchParams({ from });
  for (const [name, id] of Object.entries(of)) query.set(name, String(id));
  for (const one of filter) query.append("filter", one);
  if (cursor) query.set("cursor", cursor);
  return new URL(`/api/v1/stats/live?${query.toString()}`, location.origin).href;
}

/**
 * Tell of clicks as they come, until the signal says that it is enough: by events where the server sends them, by asking again and
 * again where it does not. What fails is tried again, later each time; what the server refuses for good ends it.
 */
export async function* watch(question: Question, signal: AbortSignal): AsyncGenerator<Live> {
  let cursor: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const answer = await fetch(address(question, cursor), { headers: await headers(), signal });
      if (answer.status === 401) await refresh();
      if (answer.ok && answer.body) {
        const streamed = answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
        for await (const data of streamed ? events(answer.body) : [await answer.text()]) {
          const live = JSON.parse(data) as Live;
          ({ cursor } = live);
          failures = 0;
          yield live;
        }
        if (!streamed) await pause(EVERY, signal);
        continue;
      }
      if ([400, 403, 404, 422].includes(answer.status)) return;
    } catch {
      // The connection broke, or was ended: the cursor knows where it was.
    }
    failures += 1;
    await pause(Math.min(1000 * 2 ** failures, LONGEST), signal);
  }
}
