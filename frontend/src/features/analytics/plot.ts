import { scaleLinear } from "d3-scale";
import { area, line } from "d3-shape";
import type { Bucket } from "@/api/generated";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const MARGIN = { top: 8, right: 8, bottom: 24, left: 44 } as const;

type Kind = "clicks" | "visitors" | "bots";

/** Where everything of a chart is drawn. */
export interface Plot {
  readonly x: (index: number) => number;
  readonly y: (count: number) => number;
  readonly counts: readonly number[];
  readonly line: (buckets: readonly Bucket[], kind: Kind) => string;
  readonly area: (buckets: readonly Bucket[], kind: Kind) => string;
  /** The point nearest to a place on the chart. */
  readonly nearest: (x: number) => number;
}

export function plot(points: number, most: number, { width, height }: Size): Plot {
  const inner = Math.max(width - MARGIN.left - MARGIN.right, 1);
  // A point alone stands in the middle.
  const x = scaleLinear([0, Math.max(points - 1, 1)], points > 1 ? [MARGIN.left, MARGIN.left + inner] : [MARGIN.left + inner / 2, MARGIN.left + inner]);
  const y = scaleLinear([0, Math.max(most, 4)], [height - MARGIN.bottom, MARGIN.top]).nice(4);
  const at = (kind: Kind) => (bucket: Bucket) => y(bucket[kind]);
  return {
    x,
    y,
    counts: y.ticks(4).filter(Number.isInteger),
    line: (buckets, kind) => line<Bucket>((_, index) => x(index), at(kind))(buckets) ?? "",
    area: (buckets, kind) => area<Bucket>((_, index) => x(index), y(0), at(kind))(buckets) ?? "",
    nearest: (place) => Math.min(Math.max(Math.round(x.invert(place)), 0), points - 1),
  };
}
