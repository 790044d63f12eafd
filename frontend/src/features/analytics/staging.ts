import { createContext, useContext } from "react";

/** Filters that were chosen and are not applied yet. */
export interface Staging {
  /** Whether every click chooses, for those who have no Shift key. */
  readonly several: boolean;
  readonly staged: readonly string[];
  readonly toggle: (filter: string) => void;
}

export const StagingContext = createContext<Staging>({ several: false, staged: [], toggle: () => undefined });
export const useStaging = (): Staging => useContext(StagingContext);
