import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { StatisticsSearch } from "./search";

export type Patch = { readonly [K in keyof StatisticsSearch]: StatisticsSearch[K] | undefined };

/** What an address says after a change; what is undefined is gone. */
export function patched(old: object, patch: Patch): Record<string, unknown> {
  return Object.fromEntries(Object.entries<unknown>({ ...old, ...patch }).filter(([, value]) => value !== undefined));
}

/** Change what the address says of the statistics, and nothing else of it. */
export function useGo(): (patch: Patch) => void {
  const navigate = useNavigate();
  return useCallback(
    (patch: Patch) => {
      // Which page this is on, and so what else is in its address, only the page knows.
      void navigate({ to: ".", search: ((old: object) => patched(old, patch)) as never, resetScroll: false });
    },
    [navigate],
  );
}
