import { useMemo } from "react";
import type { LinkOut } from "@/api/generated";
import { type Shortcut, useKeys } from "@/lib/keys";
import { links as text } from "@/text/links";
import { provisional } from "./api";
import type { RowActions } from "./useRowActions";

const rows = () => [...document.querySelectorAll<HTMLElement>("[data-link] [data-row]")];
const rowOf = (element: Element | null | undefined) => Number(element?.closest<HTMLElement>("[data-link]")?.dataset.link ?? NaN);

/** Knows the row that has the focus, or had it last: a dialog or the list of commands may have it meanwhile. */
function rowFocus() {
  let last = NaN;
  const here = () => {
    const focused = rowOf(document.activeElement);
    if (!Number.isNaN(focused)) last = focused;
    return last;
  };
  const at = () => rows().findIndex((row) => rowOf(row) === here());
  const go = (row: HTMLElement | undefined) => {
    if (!row) return;
    row.focus();
    row.scrollIntoView({ block: "nearest" });
    last = rowOf(row);
  };
  return { here, at, go };
}
const focus = rowFocus();

function move(by: number): void {
  const all = rows();
  const at = focus.at();
  focus.go(all[at === -1 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]);
}

/** The keys of the list: they move the focus from row to row, and act on the row that has it or had it last. */
export function useRowKeys(links: readonly LinkOut[], actions: RowActions, mayWrite: boolean, onSelect: (link: LinkOut) => void): void {
  const keys = useMemo(() => {
    const on = (run: (link: LinkOut) => void) => () => {
      const found = links.find(({ id }) => id === focus.here());
      if (found && !provisional(found)) run(found);
    };
    // What takes the row away leaves the focus on its neighbour.
    const take = (run: (link: LinkOut) => void) => () => {
      const all = rows();
      const at = focus.at();
      if (at === -1) return;
      on(run)();
      focus.go(all[at + 1] ?? all[at - 1]);
    };
    const act = (key: string, label: string, run: () => void): Shortcut => ({ keys: key, label, run });
    const step = (key: string, by: number): Shortcut => ({
      keys: key,
      run: () => {
        move(by);
      },
    });
    const reading = [
      { ...step("j", 1), label: text.keys.next },
      { ...step("k", -1), label: text.keys.previous },
      step("ArrowDown", 1),
      step("ArrowUp", -1),
      act("y", text.keys.copy, on(actions.copy)),
      act("q", text.keys.qr, on(actions.qr)),
      act("s", text.keys.statistics, on(actions.statistics)),
    ];
    const writing = [
      act("x", text.keys.select, on(onSelect)),
      act("e", text.keys.edit, on(actions.edit)),
      act("a", text.keys.archive, take(actions.archive)),
      act("#", text.keys.delete, take(actions.remove)),
    ];
    return mayWrite ? [...reading, ...writing] : reading;
  }, [links, actions, mayWrite, onSelect]);
  useKeys(keys);
}
