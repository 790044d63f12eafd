import { type Fields, rebase } from "./fields";

interface Kept {
  fields: Fields;
  base: Fields;
  version: number;
}

const key = (id: number | undefined) => `draft:link:${id ?? "new"}`;

/** Keep what was typed while this tab lives, but for the password. */
export function keep(id: number | undefined, { fields, base, version }: Kept): void {
  try {
    const kept: Kept = { fields: { ...fields, password: "" }, base, version };
    if (JSON.stringify(kept.fields) === JSON.stringify(base)) sessionStorage.removeItem(key(id));
    else sessionStorage.setItem(key(id), JSON.stringify(kept));
  } catch {
    // Where nothing is kept, leaving the page loses it.
  }
}

export function drop(id: number | undefined): void {
  try {
    sessionStorage.removeItem(key(id));
  } catch {
    // There was none, then.
  }
}

/** What was typed before, on what the link is now; null if nothing was. */
export function kept(id: number | undefined, now: Fields): Fields | null {
  try {
    const found = sessionStorage.getItem(key(id));
    if (found === null) return null;
    const { fields, base } = JSON.parse(found) as Kept;
    return rebase({ ...now, ...fields }, { ...now, ...base }, now);
  } catch {
    return null;
  }
}
