import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Bucket, getSharedByTokenBreakdown, getSharedByTokenSeries, getSharedByTokenSummary, getStatsBreakdown, getStatsSeries, getStatsSummary } from "@/api/generated";
import type { Dimension, LINK } from "./dimensions";
import type { Range } from "./range";
import type { Interval } from "./search";

/** Whose clicks: a link's, a tag's, a domain's, what a share shows, or all of the workspace. */
export type Of = { link: number } | { tag: number } | { domain: number } | { shared: string } | Record<string, never>;

export interface Question {
  readonly of: Of;
  readonly from: string;
  readonly to: string;
  readonly filter: readonly string[];
}

export const ask = (of: Of, { since, until }: Range, filter: readonly string[]): Question => ({
  of,
  from: since.toISOString(),
  to: until.toISOString(),
  filter,
});

const shared = ({ of }: Question): string | undefined => ("shared" in of ? of.shared : undefined);

function query({ of, from, to, filter }: Question) {
  return { ...("shared" in of ? {} : of), from, to, ...(filter.length ? { filter: [...filter] } : {}) };
}

export const summaryOptions = (question: Question) =>
  queryOptions({
    queryKey: ["statistics", "summary", question],
    queryFn: async ({ signal }) => {
      const token = shared(question);
      const asked = { query: query(question), signal };
      return (await (token === undefined ? getStatsSummary(asked) : getSharedByTokenSummary({ ...asked, path: { token } }))).data;
    },
    placeholderData: keepPreviousData,
  });

async function series(question: Question, interval: Interval, timezone: string, signal: AbortSignal) {
  const token = shared(question);
  const asked = { query: { ...query(question), interval, timezone }, signal };
  return (await (token === undefined ? getStatsSeries(asked) : getSharedByTokenSeries({ ...asked, path: { token } }))).data.items;
}

export const seriesOptions = (question: Question, interval: Interval, timezone: string) =>
  queryOptions({
    queryKey: ["statistics", "series", question, interval, timezone],
    queryFn: ({ signal }) => series(question, interval, timezone, signal),
  });

/** Rows of a breakdown; the API gives no more at once. */
export const MOST = 1000;

export const breakdownOptions = (question: Question, dimension: Dimension | typeof LINK, limit: number) =>
  queryOptions({
    queryKey: ["statistics", "breakdown", question, dimension, limit],
    queryFn: async ({ signal }) => {
      const token = shared(question);
      const asked = { query: { ...query(question), dimension, limit }, signal };
      return (await (token === undefined ? getStatsBreakdown(asked) : getSharedByTokenBreakdown({ ...asked, path: { token } }))).data;
    },
    placeholderData: keepPreviousData,
  });

/** Before anything that is counted here. */
const BEGINNING = "2005-01-01T00:00:00.000Z";
/** Milliseconds of no less than any month. */
const MONTH = 32 * 86_400_000;

const firstOf = (buckets: readonly Bucket[]): string | undefined => buckets.find(({ clicks, bots }) => clicks + bots > 0)?.start;

/** The day on which there were clicks first; null where there were none. It is looked for by month, then by day. */
export const earliestOptions = (of: Of, until: string, timezone: string) =>
  queryOptions({
    queryKey: ["statistics", "earliest", of, until, timezone],
    queryFn: async ({ signal }) => {
      const within = (from: string, to: string) => ({ of, from, to, filter: [] });
      const month = firstOf(await series(within(BEGINNING, until), "month", timezone, signal));
      if (month === undefined) return null;
      const end = new Date(Math.min(Date.parse(month) + MONTH, Date.parse(until))).toISOString();
      return firstOf(await series(within(month, end), "day", timezone, signal)) ?? month;
    },
    staleTime: Infinity,
  });
