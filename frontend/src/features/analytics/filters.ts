import { dimensions, type Dimension } from "./dimensions";

/** Clicks that have a value, or with `negated` that don't; an empty value is to have none. */
export interface Filter {
  readonly dimension: Dimension;
  readonly value: string;
  readonly negated: boolean;
}

/** The API takes no more. */
const MOST = 50;
const FORM = /^(-?)([a-z_]+):([^]*)$/;

export function read(written: unknown): Filter | undefined {
  const found = typeof written === "string" ? FORM.exec(written) : null;
  const dimension = dimensions.find((one) => one === found?.[2]);
  return found && dimension && !found[3]?.includes("\0") ? { dimension, value: found[3] ?? "", negated: found[1] === "-" } : undefined;
}

export const write = ({ dimension, value, negated }: Filter): string => `${negated ? "-" : ""}${dimension}:${value}`;

/** What of a list are filters, each once. A value that is wanted and not wanted at once is what was said last. */
export function canonical(written: readonly unknown[]): string[] {
  const said = new Map<string, string>();
  for (const filter of written.map(read)) {
    if (!filter) continue;
    const key = write({ ...filter, negated: false });
    said.delete(key);
    said.set(key, write(filter));
  }
  return [...said.values()].slice(0, MOST);
}

/** Add a filter, or take it away if it is there. */
export function toggled(filters: readonly string[], filter: string): string[] {
  return filters.includes(filter) ? filters.filter((other) => other !== filter) : canonical([...filters, filter]);
}

/** Turn a filter into its opposite, where it stands. */
export function negated(filters: readonly string[], filter: string): string[] {
  const opposite = filter.startsWith("-") ? filter.slice(1) : `-${filter}`;
  return canonical(filters.map((other) => (other === filter ? opposite : other)));
}
