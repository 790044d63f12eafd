import { useSyncExternalStore } from "react";

export type Theme = "light" | "dark" | "system";

const listeners = new Set<() => void>();
const system = () => matchMedia("(prefers-color-scheme: dark)");

/** Return what the person chose; "system" where they chose nothing or the browser keeps nothing. */
export function theme(): Theme {
  try {
    const kept = localStorage.getItem("theme");
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

function apply(): void {
  const wanted = theme();
  const dark = wanted === "system" ? system().matches : wanted === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  for (const told of listeners) told();
}

export function setTheme(wanted: Theme): void {
  try {
    if (wanted === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", wanted);
  } catch {
    // A browser that keeps nothing forgets it on the next page.
  }
  apply();
}

export function followSystemTheme(): void {
  system().addEventListener("change", apply);
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
    theme,
    () => "system",
  );
}
