import { useCallback, useState } from "react";
import { toggled } from "./filters";
import { useGo } from "./useGo";

/** Filters that are chosen one after the other and applied at once. */
export function useStaged(filters: readonly string[] = []) {
  const go = useGo();
  const [staged, setStaged] = useState<readonly string[]>([]);
  const [several, setSeveral] = useState(false);
  const toggle = useCallback((filter: string) => {
    setStaged((before) => toggled(before, filter));
  }, []);
  const discard = useCallback(() => {
    setStaged([]);
    setSeveral(false);
  }, []);
  const apply = useCallback(() => {
    go({ filter: staged.reduce<string[]>(toggled, [...filters]) });
    discard();
  }, [go, filters, staged, discard]);
  return { staged, several, toggle, setSeveral, discard, apply };
}
