import { type KeyboardEvent, type PointerEvent, useState } from "react";
import type { Bucket } from "@/api/generated";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { point } from "./format";
import { spoken, zoomed } from "./range";
import { useGo } from "./useGo";
import { useView } from "./view";

/** Points that Page Up and Page Down go. */
const LEAP = 10;

/**
 * A place on the chart and what it says. Arrow keys move it, Shift with them selects, Enter looks closer; so does a click, and
 * dragging selects. A finger looks first: a second tap on the same point looks closer.
 */
export function useChartCursor(buckets: readonly Bucket[], before: readonly Bucket[] | undefined, nearest: (x: number) => number, past: number) {
  const { range, interval, zone } = useView();
  const go = useGo();
  const [at, setAt] = useState<number>();
  const [anchor, setAnchor] = useState<number>();
  const [held, setHeld] = useState(false);
  // Keys go to what has come; the rest of the day is there to be compared with.
  const last = Math.max(past - 1, 0);
  const selected = anchor !== undefined && at !== undefined && anchor !== at ? ([anchor, at] as const) : undefined;
  const name = (index: number) => point(new Date(buckets[index]?.start ?? range.since), interval, zone);

  function clear() {
    setAnchor(undefined);
    setHeld(false);
  }
  function look(first: number, end: number) {
    clear();
    if (interval === "minute" && first === end) return;
    setAt(undefined);
    const starts = buckets.map(({ start }) => new Date(start));
    go({ ...spoken(zoomed(range, starts, interval, first, end, zone)), interval: undefined });
  }
  function say(): string {
    if (selected) return text.chart.selected(name(Math.min(...selected)), name(Math.max(...selected)));
    const here = at === undefined ? undefined : buckets[at];
    if (at === undefined || !here) return text.chart.hint;
    const earlier = before?.[at];
    return text.chart.point(name(at), number(here.clicks), number(here.visitors), number(here.bots)) + (earlier ? text.chart.before(number(earlier.clicks)) : "");
  }
  function press(event: KeyboardEvent) {
    const from = at ?? (event.key === "ArrowLeft" || event.key === "PageUp" ? last + 1 : -1);
    const steps: Record<string, number> = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageUp: from - LEAP, PageDown: from + LEAP, Home: 0, End: last };
    const to = steps[event.key];
    if (to !== undefined) {
      setAnchor(event.shiftKey ? (anchor ?? at) : undefined);
      setAt(Math.min(Math.max(to, 0), last));
    } else if (event.key === "Enter" && at !== undefined) look(anchor ?? at, at);
    else if (event.key === "Escape" && at !== undefined) {
      setAt(undefined);
      clear();
    } else return;
    event.preventDefault();
    // Escape and Enter mean something to the page, too.
    event.stopPropagation();
    event.nativeEvent.stopImmediatePropagation();
  }
  const pointed = (event: PointerEvent) => nearest(event.clientX - event.currentTarget.getBoundingClientRect().left);
  return {
    at: at !== undefined && at < buckets.length ? at : undefined,
    selected,
    spoken: say(),
    handlers: {
      onKeyDown: press,
      onPointerDown: (event: PointerEvent) => {
        if (event.button !== 0) return;
        setHeld(true);
        setAnchor(event.pointerType === "mouse" || at === pointed(event) ? pointed(event) : undefined);
        setAt(pointed(event));
      },
      onPointerMove: (event: PointerEvent) => {
        if (held && anchor !== undefined) event.currentTarget.setPointerCapture(event.pointerId);
        setAt(pointed(event));
      },
      onPointerUp: () => {
        if (held && anchor !== undefined && at !== undefined) look(anchor, at);
        else clear();
      },
      onPointerCancel: clear,
      onPointerLeave: (event: PointerEvent) => {
        if (event.pointerType !== "mouse" || held) return;
        setAt(undefined);
        clear();
      },
      onBlur: () => {
        setAt(undefined);
        clear();
      },
    },
  };
}
