import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Failed } from "@/components/Failed";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { summaryOptions } from "./api";
import { change } from "./format";
import { useView } from "./view";

const KINDS = [
  { kind: "clicks", hint: undefined, colour: "bg-series-1" },
  { kind: "visitors", hint: text.visitorsHint, colour: "bg-series-2" },
  { kind: "bots", hint: text.botsHint, colour: "bg-series-3" },
] as const;

function Change({ now, before }: { now: number; before: number | undefined }) {
  if (before === undefined) return null;
  const said = change(now, before);
  // More bots is neither good nor bad, and neither is less: colour says nothing here, the sign does.
  return (
    <p className="text-muted text-xs whitespace-nowrap">
      {said ? <span className="text-ink font-medium">{said}</span> : text.compare.none} {before > 0 && `(${number(before)})`}
    </p>
  );
}

/** Says once when the numbers were seen first, for those who measure pages. */
function useMark(there: boolean) {
  const marked = useRef(false);
  useEffect(() => {
    if (!there || marked.current) return;
    marked.current = true;
    // The second frame comes after the first one was painted.
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("numbers-painted")));
  }, [there]);
}

/** How many clicks, visitors and bots, and how many there were before. */
export function Numbers() {
  const { question, before } = useView();
  const { data, error, refetch } = useQuery(summaryOptions(question));
  const { data: earlier } = useQuery({ ...summaryOptions(before?.soFar ?? question), enabled: before !== undefined });
  useMark(data !== undefined);
  if (error && !data) return <Failed error={error} reset={() => void refetch()} />;
  return (
    <dl className="card divide-line grid min-h-24 grid-cols-3 divide-x">
      {KINDS.map(({ kind, hint, colour }) => (
        <div key={kind} title={hint} className="min-w-0 px-3 py-3 sm:px-5 sm:py-4">
          <dt className="text-muted flex items-center gap-1.5 text-xs font-medium sm:text-sm">
            <span aria-hidden className={`size-2 shrink-0 rounded-full ${colour}`} />
            {text[kind]}
          </dt>
          <dd className="mt-1">
            {data ? <p className="truncate text-lg font-semibold tabular-nums sm:text-2xl">{number(data[kind])}</p> : <div className="skeleton h-7 w-20 sm:h-8" />}
            {/* Its line is there before it is known, so that nothing moves. */}
            {before && <div className="min-h-4">{data && <Change now={data[kind]} before={earlier?.[kind]} />}</div>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
