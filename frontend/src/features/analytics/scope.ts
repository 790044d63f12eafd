import type { Of } from "./api";
import { type StatisticsSearch, validateSearch } from "./search";

/** The address of the page that is not of one link: it says whose clicks, too. */
export interface ScopedSearch extends StatisticsSearch {
  tag?: number;
  domain?: number;
}

const id = (value: unknown): number | undefined => (typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined);

export function validateScopedSearch(search: Record<string, unknown>): ScopedSearch {
  const [tag, domain] = [id(search.tag), id(search.domain)];
  return { ...validateSearch(search), ...(tag ? { tag } : domain ? { domain } : {}) };
}

export function scopeOf({ tag, domain }: ScopedSearch): Of {
  return tag ? { tag } : domain ? { domain } : {};
}
