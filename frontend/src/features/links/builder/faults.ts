import { createContext, use } from "react";

/** What the API found wrong, by the field's name ("rules.0.target"). */
export const Faults = createContext<Readonly<Record<string, string>>>({});

/** What is wrong with a field, or with anything beneath it. */
export function faultOf(faults: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(faults).find(([path]) => path === name || path.startsWith(`${name}.`))?.[1];
}

export function useFault(...names: readonly string[]): string | undefined {
  const faults = use(Faults);
  for (const name of names) {
    const found = faultOf(faults, name);
    if (found) return found;
  }
  return undefined;
}
