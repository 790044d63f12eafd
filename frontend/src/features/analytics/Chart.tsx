import { useRef, useState } from "react";
import type { Bucket } from "@/api/generated";
import { analytics as text } from "@/text/analytics";
import { ChartLegend } from "./ChartLegend";
import { ChartLines } from "./ChartLines";
import { period } from "./format";
import { plot } from "./plot";
import { useChartCursor } from "./useChartCursor";
import { useSize } from "./useSize";
import { useView } from "./view";

/** The height of a chart with its legend: what stands for it while it is on its way is as high. */
export const BOX = "h-72 sm:h-80";
const KINDS = ["clicks", "visitors", "bots"] as const;
export type Kind = (typeof KINDS)[number];

/** Clicks, visitors and bots over time; a cursor moves over the points by mouse, finger and keys, and chooses times. */
export function Chart({ buckets, before }: { buckets: readonly Bucket[]; before?: readonly Bucket[] | undefined }) {
  const { range, zone, now, filters } = useView();
  const [hidden, setHidden] = useState<readonly Kind[]>([]);
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const shown = KINDS.filter((kind) => !hidden.includes(kind));
  const most = Math.max(0, ...buckets.flatMap((bucket) => shown.map((kind) => bucket[kind])), ...(before?.map(({ clicks }) => clicks) ?? []));
  const drawn = plot(buckets.length, most, size);
  // What has not come yet is nothing that could be seen, rather than nought.
  const past = buckets.filter(({ start }) => new Date(start) <= now);
  const cursor = useChartCursor(buckets, before, drawn.nearest, past.length);
  const empty = !buckets.some(({ clicks, bots }) => clicks + bots > 0);
  const [from, to] = [period({ ...range, until: new Date(range.since.getTime() + 1) }, zone), period({ ...range, since: new Date(range.until.getTime() - 1) }, zone)];
  return (
    <div className={`flex flex-col ${BOX}`}>
      <ChartLegend
        bucket={cursor.at === undefined ? undefined : buckets[cursor.at]}
        before={before && cursor.at !== undefined ? before[cursor.at] : undefined}
        compared={before !== undefined}
        hidden={hidden}
        onToggle={(kind) => {
          setHidden((old) => (old.includes(kind) ? old.filter((other) => other !== kind) : [...old, kind]));
        }}
      />
      <div ref={box} className="relative min-h-0 flex-1">
        <ChartLines
          label={text.chart.name(shown.map((kind) => text[kind]).join(", "), from, to)}
          plot={drawn}
          size={size}
          buckets={buckets}
          past={past}
          before={before}
          shown={shown}
          at={cursor.at}
          selected={cursor.selected}
        />
        {empty && <p className="text-muted pointer-events-none absolute inset-0 flex items-center justify-center pb-6">{filters.length ? text.chart.noneMatch : text.chart.noneYet}</p>}
        <div
          role="slider"
          tabIndex={0}
          aria-label={text.chart.cursor}
          aria-valuemin={0}
          aria-valuemax={Math.max(buckets.length - 1, 0)}
          aria-valuenow={cursor.at ?? 0}
          aria-valuetext={cursor.spoken}
          title={text.chart.hint}
          className="absolute inset-0 cursor-crosshair touch-pan-y rounded-lg print:hidden"
          {...cursor.handlers}
        />
      </div>
    </div>
  );
}
