import { useQueryClient } from "@tanstack/react-query";
import type { LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { toast } from "@/lib/toast";
import { components } from "@/text/components";
import { links as text } from "@/text/links";
import { changeMany, foresee, forget, type Refused } from "./api";

/** Say what was refused, in one sentence for all. */
export function tellRefused(refused: readonly Refused[]): void {
  const [first] = refused;
  if (first) toast(text.someFailed(refused.length, first.error.status === 412 ? text.changedMeanwhile : first.error.message), { kind: "danger" });
}

/** Put links into the archive, or take them out, with a way back. */
export function useArchive() {
  const queries = useQueryClient();
  return async function archive(links: readonly LinkOut[], archived: boolean, isUndo = false): Promise<void> {
    foresee(queries, links, () => null);
    try {
      const refused = await changeMany(links, () => ({ archived }));
      tellRefused(refused);
      const failed = new Set(refused.map(({ link }) => link.id));
      const done = links.filter(({ id }) => !failed.has(id));
      const said = archived ? text.archivedDone : text.unarchivedDone;
      if (done.length && !isUndo) toast(said(done.length), { action: { label: components.undo, run: () => void archive(done, !archived, true) } });
    } catch (error) {
      toast(problem(error).message, { kind: "danger" });
    }
    await forget(queries);
  };
}
