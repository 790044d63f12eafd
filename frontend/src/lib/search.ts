/** What the address says after its question mark, which anybody may have written: taken if it is of the right kind, else as if it was not there. */

export const word = (found: unknown): string | undefined => {
  // The router reads `?search=7` as a number.
  const said = typeof found === "number" ? String(found) : found;
  return typeof said === "string" && said !== "" ? said.slice(0, 200) : undefined;
};

export const flag = (found: unknown): true | undefined => (found === true ? true : undefined);

export const id = (found: unknown): number | undefined => (typeof found === "number" && Number.isSafeInteger(found) && found > 0 ? found : undefined);

export const oneOf = <T extends string>(found: unknown, known: readonly T[]): T | undefined => known.find((one) => one === found);

/** A day as inputs of dates have it (YYYY-MM-DD). */
export const day = (found: unknown): string | undefined =>
  typeof found === "string" && /^\d{4}-\d{2}-\d{2}$/.test(found) && !Number.isNaN(Date.parse(found)) ? found : undefined;
