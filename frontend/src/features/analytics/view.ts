import { useQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { createContext, useContext, useMemo } from "react";
import { ask, earliestOptions, type Of, type Question } from "./api";
import { addDays, dayOf, ownZone, startOf } from "./calendar";
import { intervalFor, moved, type Range, resolve, soFar } from "./range";
import { type Interval, type StatisticsSearch, validateSearch } from "./search";
import { useNow } from "./useNow";

/** What a page of statistics shows, as its address says it. */
export interface View {
  readonly of: Of;
  readonly search: StatisticsSearch;
  readonly zone: string;
  readonly now: Date;
  readonly range: Range;
  readonly interval: Interval;
  readonly filters: readonly string[];
  readonly question: Question;
  /** The time before, where it is compared: all of it for the chart, as much as has passed for the numbers. */
  readonly before?: { readonly range: Range; readonly whole: Question; readonly soFar: Question } | undefined;
}

const NO_FILTERS: readonly string[] = [];

/** Make out what is to be shown; undefined as long as it is not known when "all time" begins. */
export function useReadView(of: Of): View | undefined {
  const raw: Record<string, unknown> = useSearch({ strict: false });
  const search = useMemo(() => validateSearch(raw), [raw]);
  const now = useNow();
  const zone = search.zone ?? ownZone();
  const today = dayOf(now, zone);
  const all = search.range === "all";
  const tomorrow = startOf(addDays(today, 1), zone).toISOString();
  const { data: first, isPending } = useQuery({ ...earliestOptions(of, tomorrow, zone), enabled: all });
  if (all && isPending) return undefined;
  const range = resolve(search, { today, zone, earliest: first ? dayOf(new Date(first), zone) : today });
  const filters = search.filter ?? NO_FILTERS;
  const earlier = search.compare && moved(range, zone, -1, search.compare);
  return {
    of,
    search,
    zone,
    now,
    range,
    interval: intervalFor(range, search.interval),
    filters,
    question: ask(of, range, filters),
    before: earlier && { range: earlier, whole: ask(of, earlier, filters), soFar: ask(of, soFar(range, earlier, now), filters) },
  };
}

export const ViewContext = createContext<View | null>(null);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error("not within Statistics");
  return view;
}
