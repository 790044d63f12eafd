/** What the address of the list says: what is looked for, and in which order. */
export interface LinkSearch {
  q?: string;
  tag?: string[];
  domain?: string;
  archived?: true;
  sort?: Sort;
}

export const SORTS = ["-created_at", "created_at", "-updated_at", "slug"] as const;
export type Sort = (typeof SORTS)[number];

const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** Read the address, whatever somebody typed there; what is the usual stays out of it. */
export function parseSearch(raw: Record<string, unknown>): LinkSearch {
  const found: LinkSearch = {};
  const q = text(raw.q).slice(0, 256);
  const tags = (Array.isArray(raw.tag) ? raw.tag : [raw.tag]).map(text).filter(Boolean).slice(0, 10);
  const sort = SORTS.find((known) => known === raw.sort);
  if (q) found.q = q;
  if (tags.length) found.tag = tags;
  if (text(raw.domain)) found.domain = text(raw.domain);
  if (raw.archived === true) found.archived = true;
  if (sort && sort !== SORTS[0]) found.sort = sort;
  return found;
}

/** Whether it narrows the list, so that an empty one does not mean that there is none. */
export const narrowed = ({ q, tag, domain }: LinkSearch): boolean => Boolean(q ?? tag ?? domain);

/** The id in a page's address; null if it can't be one. */
export const linkId = (text: string): number | null => (/^[1-9]\d{0,15}$/.test(text) ? Number(text) : null);
