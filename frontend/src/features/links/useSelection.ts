import { useRef, useState } from "react";
import type { LinkOut } from "@/api/generated";

/** Which links are selected; a range goes from the one that was clicked before. What is not shown any more is not selected. */
export function useSelection(links: readonly LinkOut[]) {
  const [ids, setIds] = useState<ReadonlySet<number>>(new Set());
  const anchor = useRef<number | null>(null);
  const selected = links.filter(({ id }) => ids.has(id));

  function toggle(link: LinkOut, range = false) {
    const wanted = !ids.has(link.id);
    const from = range ? links.findIndex(({ id }) => id === anchor.current) : -1;
    const to = links.indexOf(link);
    const some = from === -1 ? [link] : links.slice(Math.min(from, to), Math.max(from, to) + 1);
    const next = new Set(ids);
    for (const { id } of some) {
      if (wanted) next.add(id);
      else next.delete(id);
    }
    anchor.current = link.id;
    setIds(next);
  }
  return {
    selected,
    toggle,
    all: () => {
      setIds(new Set(links.map(({ id }) => id).filter((id) => id > 0)));
    },
    clear: () => {
      setIds(new Set());
    },
  };
}
