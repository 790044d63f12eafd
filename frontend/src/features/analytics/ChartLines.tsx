import type { Bucket } from "@/api/generated";
import { compact } from "@/lib/format";
import type { Kind } from "./Chart";
import { tick } from "./format";
import { MARGIN, type Plot, type Size } from "./plot";
import { ticks } from "./ticks";
import { useView } from "./view";

/** Told apart by dashes too, where colours are not seen or not printed. */
const LINES: Record<Kind, { className: string; dash?: string; width: number }> = {
  clicks: { className: "stroke-series-1", width: 2 },
  visitors: { className: "stroke-series-2", width: 2, dash: "7 3" },
  bots: { className: "stroke-series-3", width: 1.25, dash: "1.5 2.5" },
};
const LABEL = 76;

export function ChartLines({
  label,
  plot,
  size,
  buckets,
  past,
  before,
  shown,
  at,
  selected,
}: {
  label: string;
  plot: Plot;
  size: Size;
  buckets: readonly Bucket[];
  past: readonly Bucket[];
  before: readonly Bucket[] | undefined;
  shown: readonly Kind[];
  at: number | undefined;
  selected: readonly [number, number] | undefined;
}) {
  const { interval, zone } = useView();
  const { width, height } = size;
  const starts = buckets.map(({ start }) => new Date(start));
  const bottom = height - MARGIN.bottom;
  const here = at === undefined ? undefined : past[at];
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${width} ${height}`} className="absolute inset-0 size-full overflow-visible print:static" fontSize={11}>
      {plot.counts.map((count) => (
        <g key={count}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={plot.y(count)} y2={plot.y(count)} className="stroke-line" shapeRendering="crispEdges" />
          <text x={MARGIN.left - 8} y={plot.y(count)} dy="0.35em" textAnchor="end" className="fill-muted tabular-nums">
            {compact(count)}
          </text>
        </g>
      ))}
      {ticks(starts, interval, zone, Math.max(2, Math.floor(width / LABEL))).map((index) => {
        const [x, start] = [plot.x(index), starts[index]];
        return (
          <text key={index} x={x} y={height - 6} textAnchor={x < MARGIN.left + 16 ? "start" : x > width - MARGIN.right - 20 ? "end" : "middle"} className="fill-muted">
            {start && tick(start, interval, zone)}
          </text>
        );
      })}
      {selected && <rect x={plot.x(Math.min(...selected)) - 2} width={Math.abs(plot.x(selected[1]) - plot.x(selected[0])) + 4} y={MARGIN.top} height={bottom - MARGIN.top} className="fill-accent" fillOpacity={0.16} />}
      {shown.includes("clicks") && <path d={plot.area(past, "clicks")} className="fill-series-1" fillOpacity={0.1} />}
      {before && <path d={plot.line(before.slice(0, buckets.length), "clicks")} className="stroke-series-1" fill="none" strokeWidth={1.5} strokeOpacity={0.6} strokeDasharray="4 4" />}
      {shown.toReversed().map((kind) => (
        <path key={kind} d={plot.line(past, kind)} className={LINES[kind].className} fill="none" strokeWidth={LINES[kind].width} strokeDasharray={LINES[kind].dash} strokeLinejoin="round" strokeLinecap="round" />
      ))}
      {past.length === 1 && past[0] && shown.map((kind) => <circle key={kind} cx={plot.x(0)} cy={plot.y(past[0]?.[kind] ?? 0)} r={4} className={`fill-card ${LINES[kind].className}`} strokeWidth={2} />)}
      {at !== undefined && <line x1={plot.x(at)} x2={plot.x(at)} y1={MARGIN.top} y2={bottom} className="stroke-muted" shapeRendering="crispEdges" />}
      {at !== undefined && here && shown.map((kind) => <circle key={kind} cx={plot.x(at)} cy={plot.y(here[kind])} r={4} className={`fill-card ${LINES[kind].className}`} strokeWidth={2} />)}
    </svg>
  );
}
