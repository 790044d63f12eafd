import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { Visit } from "@/api/generated";
import { type Question, summaryOptions } from "./api";
import { merged, watch } from "./watch";

/** Clicks that are kept to be shown. */
const KEPT = 50;
/** Milliseconds after which charts and bars are asked for anew, when something has come. */
const AGAIN = 10_000;

export type LiveState = "waiting" | "on" | "off";

const visible = () => document.visibilityState === "visible";

function useVisible(): boolean {
  const [seen, setSeen] = useState(visible);
  useEffect(() => {
    const look = () => {
      setSeen(visible());
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return seen;
}

/** Watch clicks come, while the tab is looked at. The numbers are brought up to date by it, and after a while all the rest. */
export function useLive(question: Question): { items: readonly Visit[]; state: LiveState } {
  const queries = useQueryClient();
  const seen = useVisible();
  const [items, setItems] = useState<readonly Visit[]>([]);
  const [connected, setConnected] = useState(false);
  const stale = useRef(false);
  const asked = JSON.stringify(question);
  useEffect(() => {
    if (!seen) return;
    const about = JSON.parse(asked) as Question;
    const end = new AbortController();
    async function follow() {
      let clicks: number | undefined;
      for await (const live of watch(about, end.signal)) {
        setConnected(true);
        setItems((known) => merged(known, live.items, KEPT));
        queries.setQueryData(summaryOptions(about).queryKey, live.counts);
        const now = live.counts.clicks + live.counts.bots;
        if (clicks !== undefined && clicks !== now) stale.current = true;
        clicks = now;
      }
      setConnected(false);
    }
    void follow();
    const timer = setInterval(() => {
      if (!stale.current) return;
      stale.current = false;
      void queries.invalidateQueries({ predicate: ({ queryKey: [of, what] }) => of === "statistics" && (what === "series" || what === "breakdown") });
    }, AGAIN);
    return () => {
      end.abort();
      clearInterval(timer);
      setConnected(false);
    };
  }, [seen, asked, queries]);
  // Of other questions are other clicks.
  const [last, setLast] = useState(asked);
  if (last !== asked) {
    setLast(asked);
    setItems([]);
  }
  return { items, state: !seen ? "off" : connected ? "on" : "waiting" };
}
