import { useSyncExternalStore } from "react";
import { type LinkOut, postLinksBulk } from "@/api/generated";
import { ApiError, problem } from "@/api/errors";
import { queries } from "@/api/query";
import { current } from "@/api/session";
import { workspace } from "@/api/workspace";
import { toast } from "@/lib/toast";
import { components } from "@/text/components";
import { links as text } from "@/text/links";
import { unique } from "@/lib/unique";
import { BULK, forget } from "./api";

/** Milliseconds for which a deletion can be undone: as long as the toast says so. */
const GRACE = 12_000;

interface Removal {
  readonly links: readonly LinkOut[];
  readonly workspace: number | null;
  timer?: ReturnType<typeof setTimeout>;
}

const waiting = new Set<Removal>();
const listeners = new Set<() => void>();
let gone: ReadonlySet<number> = new Set();

function changed(next: Iterable<number>): void {
  gone = new Set(next);
  for (const told of listeners) told();
}

const hide = (links: readonly LinkOut[]) => {
  changed([...gone, ...links.map(({ id }) => id)]);
};
const unhide = (links: readonly LinkOut[]) => {
  const back = new Set(links.map(({ id }) => id));
  changed([...gone].filter((id) => !back.has(id)));
};

const headers = (of: Removal): Record<string, string> => (of.workspace === null ? {} : { "Ginnel-Workspace": String(of.workspace) });

const parts = ({ links }: Removal) => Array.from({ length: Math.ceil(links.length / BULK) }, (_, part) => links.slice(part * BULK, (part + 1) * BULK));
const operations = (links: readonly LinkOut[]) => links.map(({ id }) => ({ op: "delete" as const, id }));

async function send(removal: Removal): Promise<void> {
  for (const part of parts(removal)) {
    const { data } = await postLinksBulk({ body: operations(part), headers: { ...headers(removal), "idempotency-key": unique() } });
    // What is gone already is as it was wanted.
    const refused = data.items.find(({ status }) => status >= 400 && status !== 404);
    if (refused) throw new ApiError(refused.status, refused.problem ?? {});
  }
}

async function settle(removal: Removal): Promise<void> {
  waiting.delete(removal);
  try {
    await send(removal);
  } catch (error) {
    toast(text.removeFailed(problem(error).message), { kind: "danger" });
  }
  await forget(queries);
  unhide(removal.links);
}

/**
 * Delete links, in a while: the API restores none, so until then it can be undone. They are out of sight at once.
 * A page that is left deletes them as it goes.
 */
export function remove(links: readonly LinkOut[]): void {
  const removal: Removal = { links, workspace: workspace() };
  hide(links);
  waiting.add(removal);
  removal.timer = setTimeout(() => void settle(removal), GRACE);
  toast(text.removed(links.length), {
    action: {
      label: components.undo,
      run: () => {
        if (!waiting.delete(removal)) return;
        clearTimeout(removal.timer);
        unhide(links);
      },
    },
  });
}

addEventListener("pagehide", () => {
  const session = current();
  if (session.status !== "in") return;
  for (const removal of waiting) {
    clearTimeout(removal.timer);
    for (const part of parts(removal))
      // Axios ends with the page; what is to live on is the browser's own.
      void fetch("/api/v1/links/bulk", {
        method: "POST",
        keepalive: true,
        headers: { ...headers(removal), authorization: `Bearer ${session.token}`, "content-type": "application/json" },
        body: JSON.stringify(operations(part)),
      });
  }
  waiting.clear();
});

/** The ids of links that are deleted as far as the person is concerned. */
export function useGone(): ReadonlySet<number> {
  return useSyncExternalStore(
    (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
    () => gone,
  );
}
