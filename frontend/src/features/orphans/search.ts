/** What the address of the list says: in which order, and of which domain. */
export interface OrphanSearch {
  sort?: "-last_at" | "-count";
  domain?: string;
}

export function validateSearch({ sort, domain }: Record<string, unknown>): OrphanSearch {
  return { ...(sort === "-count" ? { sort } : {}), ...(typeof domain === "string" && domain ? { domain } : {}) };
}
