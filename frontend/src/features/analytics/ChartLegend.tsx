import type { Bucket } from "@/api/generated";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import type { Kind } from "./Chart";
import { point } from "./format";
import { useView } from "./view";

const KINDS: readonly (readonly [Kind, string, string | undefined])[] = [
  ["clicks", "stroke-series-1", undefined],
  ["visitors", "stroke-series-2", "7 3"],
  ["bots", "stroke-series-3", "1.5 2.5"],
];

function Sample({ className, dash, faint = false }: { className: string; dash: string | undefined; faint?: boolean }) {
  return (
    <svg aria-hidden width="22" height="6" className="shrink-0">
      <line x1="1" x2="21" y1="3" y2="3" className={className} strokeWidth="2" strokeDasharray={dash} strokeOpacity={faint ? 0.6 : 1} strokeLinecap="round" />
    </svg>
  );
}

/** Which line is what, and at the cursor how much; each can be hidden. */
export function ChartLegend({ bucket, before, compared, hidden, onToggle }: { bucket: Bucket | undefined; before: Bucket | undefined; compared: boolean; hidden: readonly Kind[]; onToggle: (kind: Kind) => void }) {
  const { interval, zone } = useView();
  return (
    <div className="mb-1 flex min-h-12 flex-wrap content-start items-center gap-x-4 gap-y-0.5 text-xs sm:min-h-7">
      {KINDS.map(([kind, className, dash]) => (
        <button key={kind} type="button" aria-pressed={!hidden.includes(kind)} className="text-muted hover:text-ink flex items-center gap-1.5 rounded py-1 aria-[pressed=false]:line-through" onClick={() => { onToggle(kind); }}>
          <Sample className={className} dash={dash} />
          {text[kind]}
          {bucket && <span className="text-ink font-medium tabular-nums">{number(bucket[kind])}</span>}
        </button>
      ))}
      {compared && (
        <span className="text-muted flex items-center gap-1.5">
          <Sample className="stroke-series-1" dash="4 4" faint />
          {text.previous}
          {before && <span className="text-ink font-medium tabular-nums">{number(before.clicks)}</span>}
        </span>
      )}
      {bucket && <span className="text-muted ml-auto">{point(new Date(bucket.start), interval, zone)}</span>}
    </div>
  );
}
