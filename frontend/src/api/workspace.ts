import { useSyncExternalStore } from "react";

const KEY = "workspace";
const listeners = new Set<() => void>();
let chosen: number | null = kept();

function kept(): number | null {
  try {
    const found = Number(localStorage.getItem(KEY));
    return found > 0 ? found : null;
  } catch {
    return null;
  }
}

/** The id of the workspace that calls are about; null is the person's own. */
export const workspace = (): number | null => chosen;

/** Choose what calls are about from now on; whoever calls this also forgets what was cached. */
export function chooseWorkspace(id: number | null): void {
  chosen = id;
  try {
    if (id === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, String(id));
  } catch {
    // It holds for this page then.
  }
  for (const told of listeners) told();
}

export function useWorkspace(): number | null {
  return useSyncExternalStore(
    (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
    workspace,
    workspace,
  );
}
