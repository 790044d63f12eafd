import { useEffect, useRef, useState } from "react";
import type { Visit } from "@/api/generated";
import { analytics as text } from "@/text/analytics";
import { ExportMenu } from "./ExportMenu";
import { LiveRow } from "./LiveRow";
import { useLive } from "./useLive";
import { useView } from "./view";

const SHOWN = 7;
/** Milliseconds between two announcements: whoever listens wants to do something else, too. */
const QUIET = 15_000;

/** How many have come, said now and then. */
function useAnnounced(items: readonly Visit[]): string {
  const [said, setSaid] = useState("");
  const known = useRef<ReadonlySet<string> | null>(null);
  const latest = useRef(items);
  useEffect(() => {
    latest.current = items;
  }, [items]);
  useEffect(() => {
    const timer = setInterval(() => {
      const before = known.current;
      const fresh = before ? latest.current.filter(({ id }) => !before.has(id)).length : 0;
      known.current = new Set(latest.current.map(({ id }) => id));
      if (fresh) setSaid(text.live.announced(fresh));
    }, QUIET);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return said;
}

/** The newest clicks, as they come. */
export function LivePanel() {
  const { question, zone, of } = useView();
  const { items, state } = useLive(question);
  const announced = useAnnounced(items);
  return (
    <section aria-labelledby="live" className="card min-w-0 p-3 sm:p-5 print:hidden">
      <header className="mb-1 flex min-h-8 items-center gap-2">
        <h2 id="live" className="font-semibold">
          {text.live.heading}
        </h2>
        <span className="text-muted flex flex-1 items-center gap-1.5 text-xs">
          <span aria-hidden className={`size-2 rounded-full ${state === "on" ? "bg-good motion-safe:animate-pulse" : "bg-line-strong"}`} />
          {state !== "on" && (state === "off" ? text.live.off : text.live.waiting)}
        </span>
        <ExportMenu extract={{ what: "clicks" }} />
      </header>
      <p aria-live="polite" className="sr-only">
        {announced}
      </p>
      {items.length ? (
        <ul aria-label={text.live.heading} className="divide-line divide-y">
          {items.slice(0, SHOWN).map((visit) => (
            <LiveRow key={visit.id} visit={visit} zone={zone} linked={!("link" in of)} />
          ))}
        </ul>
      ) : (
        <p className="text-muted py-3">{text.live.none}</p>
      )}
    </section>
  );
}
