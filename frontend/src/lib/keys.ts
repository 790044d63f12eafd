import { useEffect, useSyncExternalStore } from "react";

/** A key that does something: "c", "/", "?", "mod+k" (⌘ on a Mac, Ctrl elsewhere), "mod+s", "Escape". */
export interface Shortcut {
  readonly keys: string;
  /** What it does, for the list of keys; left out where it has no place there. */
  readonly label?: string;
  readonly run: (event: KeyboardEvent) => void;
}

let active: readonly (readonly Shortcut[])[] = [];
const listeners = new Set<() => void>();

function set(next: readonly (readonly Shortcut[])[]): void {
  active = next;
  for (const told of listeners) told();
}

export const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

const typing = (event: KeyboardEvent) =>
  event.target instanceof HTMLElement && event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable=true]") !== null;

const spoken = (event: KeyboardEvent) =>
  `${(mac ? event.metaKey : event.ctrlKey) ? "mod+" : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;

function press(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const keys = spoken(event);
  // Where people type, and over an open dialog, letters are letters.
  const quiet = typing(event) || document.querySelector("dialog[open]") !== null;
  if (quiet && !keys.startsWith("mod+")) return;
  const found = active.toReversed().flat().find((shortcut) => shortcut.keys === keys);
  if (!found) return;
  event.preventDefault();
  found.run(event);
}

/** Have keys do something while the component is there; the last one to come goes first. */
export function useKeys(shortcuts: readonly Shortcut[]): void {
  useEffect(() => {
    if (active.length === 0) addEventListener("keydown", press);
    set([...active, shortcuts]);
    return () => {
      set(active.filter((other) => other !== shortcuts));
      if (active.length === 0) removeEventListener("keydown", press);
    };
  }, [shortcuts]);
}

/** All keys that do something now and say what. */
export function useActiveKeys(): readonly Shortcut[] {
  const now = useSyncExternalStore(
    (told) => {
      listeners.add(told);
      return () => listeners.delete(told);
    },
    () => active,
  );
  return now.flat().filter((shortcut) => shortcut.label);
}

/** A key as it is printed on the keyboard. */
export function printed(keys: string): string {
  return keys.replace("mod+", mac ? "⌘" : "Ctrl ").replace(/[a-z]$/, (letter) => letter.toUpperCase());
}
