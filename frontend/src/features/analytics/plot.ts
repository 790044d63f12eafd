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

/** Whole round numbers from nought to at least the most, some four steps of 1, 2 or 5 and noughts. */
export function roundCounts(most: number): number[] {
  const rough = Math.max(most / 4, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((one) => one * power >= rough) ?? 10);
  return Array.from({ length: Math.max(Math.ceil(most / step), 1) + 1 }, (_, index) => index * step);
}

export function plot(points: number, most: number, { width, height }: Size): Plot {
  const inner = Math.max(width - MARGIN.left - MARGIN.right, 1);
  const bottom = height - MARGIN.bottom;
  const counts = roundCounts(most);
  const unit = (bottom - MARGIN.top) / (counts.at(-1) ?? 1);
  // A point alone stands in the middle.
  const [left, step] = points > 1 ? [MARGIN.left, inner / (points - 1)] : [MARGIN.left + inner / 2, inner];
  const x = (index: number) => left + index * step;
  const y = (count: number) => bottom - count * unit;
  const at = (kind: Kind) => (bucket: Bucket) => y(bucket[kind]);
  return {
    x,
    y,
    counts,
    line: (buckets, kind) => line<Bucket>((_, index) => x(index), at(kind))(buckets) ?? "",
    area: (buckets, kind) => area<Bucket>((_, index) => x(index), bottom, at(kind))(buckets) ?? "",
    nearest: (place) => Math.min(Math.max(Math.round((place - left) / step), 0), points - 1),
  };
}
