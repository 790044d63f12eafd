import { infiniteQueryOptions, type InfiniteData, type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { type BulkUpdateWritable, getLinks, type LinkDraftWritable, type LinkOut, type LinkPage, patchLinksByLinkId, postLinks, postLinksBulk } from "@/api/generated";
import { ApiError } from "@/api/errors";
import { unique } from "@/lib/unique";
import type { LinkSearch } from "./search";

const KEY = "links";
const PAGE = 50;
/** What the API takes in one call. */
export const BULK = 100;

export const linksOptions = (search: LinkSearch) =>
  infiniteQueryOptions({
    queryKey: [KEY, search] as const,
    queryFn: async ({ pageParam, signal }) => {
      const { q, tag = [], domain, archived = false, sort } = search;
      return (await getLinks({ query: { search: q, tag, domain, archived, sort, cursor: pageParam ?? undefined, limit: PAGE }, signal })).data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** Have everything asked anew that shows links. */
export async function forget(queries: QueryClient): Promise<void> {
  const about = ["getLinksByLinkId", "getLinksByLinkIdHistory", "getTags", "getLinksAvailable", "getLinksByLinkIdExplain"];
  await Promise.all([queries.invalidateQueries({ queryKey: [KEY] }), ...about.map((_id) => queries.invalidateQueries({ queryKey: [{ _id }] }))]);
}

type Pages = InfiniteData<LinkPage, string | null>;

/** Change all lists that are kept, as it will be once the API has answered. */
function inLists(queries: QueryClient, change: (items: LinkOut[], page: number) => LinkOut[], which: (search: LinkSearch) => boolean = () => true): void {
  queries.setQueriesData<Pages>(
    { queryKey: [KEY], predicate: ({ queryKey }) => which(queryKey[1] as LinkSearch) },
    (pages) => pages && { ...pages, pages: pages.pages.map((page, index) => ({ ...page, items: change(page.items, index) })) },
  );
}

/** A link that is being made has a negative id. */
export const provisional = (link: LinkOut): boolean => link.id < 0;
let next = -1;

function foreseen({ target, slug = null, title = null, tags = [] }: LinkDraftWritable): LinkOut {
  const now = new Date().toISOString();
  return {
    id: next--,
    slug: slug ?? "",
    domain: location.host,
    short_url: `${location.origin}/${slug ?? "…"}`,
    target,
    title,
    tags,
    redirect_status: 302,
    allow_caching: false,
    forward_query: true,
    forward_path: false,
    rules: [],
    variants: [],
    protected: false,
    description: null,
    image: null,
    starts_at: null,
    expires_at: null,
    expired_target: null,
    max_clicks: null,
    clicks_left: null,
    disabled: false,
    archived: false,
    blocked: false,
    warnings: [],
    clicks: 0,
    imported_clicks: 0,
    external_id: null,
    version: 0,
    created_at: now,
    updated_at: now,
  };
}

const plain = (search: LinkSearch) => Object.keys(search).length === 0;

/** Make a link. It is in the list before the API has answered, and out of it again if that refuses. */
export function useCreateLink() {
  const queries = useQueryClient();
  return useMutation({
    // The key is the caller's: what is tried again after a lost answer makes no second link.
    mutationFn: async ({ draft, key }: { draft: LinkDraftWritable; key: string }) => (await postLinks({ body: draft, headers: { "idempotency-key": key } })).data,
    onMutate: async ({ draft }) => {
      await queries.cancelQueries({ queryKey: [KEY] });
      const expected = foreseen(draft);
      inLists(queries, (items, page) => (page === 0 ? [expected, ...items] : items), plain);
      return { id: expected.id };
    },
    onSuccess: (made, _, { id }) => {
      inLists(queries, (items) => items.filter((item) => item.id !== made.id).map((item) => (item.id === id ? made : item)));
    },
    onError: (_, __, made) => {
      inLists(queries, (items) => items.filter((item) => item.id !== made?.id));
    },
    onSettled: () => forget(queries),
  });
}

export type LinkFields = Parameters<typeof patchLinksByLinkId>[0]["body"];

/** Change a link, if it still is at the version that the person saw. */
export function useChangeLink() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ link, fields }: { link: Pick<LinkOut, "id" | "version">; fields: LinkFields }) =>
      (await patchLinksByLinkId({ path: { link_id: link.id }, body: fields, headers: { "If-Match": `"${link.version}"` } })).data,
    onSuccess: (changed) => {
      inLists(queries, (items) => items.map((item) => (item.id === changed.id ? changed : item)));
    },
    onSettled: () => forget(queries),
  });
}

export interface Refused {
  readonly link: LinkOut;
  readonly error: ApiError;
}

/** Change many links at once; returns those that the API refused, each with its reason. */
export async function changeMany(links: readonly LinkOut[], fields: (link: LinkOut) => Omit<BulkUpdateWritable, "op" | "id">): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (let at = 0; at < links.length; at += BULK) {
    const part = links.slice(at, at + BULK);
    const { data } = await postLinksBulk({
      body: part.map((link) => ({ op: "update" as const, id: link.id, ...fields(link) })),
      headers: { "idempotency-key": unique() },
    });
    data.items.forEach(({ status, problem }, index) => {
      const link = part[index];
      if (status >= 400 && link) refused.push({ link, error: new ApiError(status, problem ?? {}) });
    });
  }
  return refused;
}

/** Take links out of the lists that are shown, or change them there, before the API has answered. */
export function foresee(queries: QueryClient, links: readonly LinkOut[], change: (link: LinkOut) => LinkOut | null): void {
  const ids = new Set(links.map(({ id }) => id));
  inLists(queries, (items) => items.map((item) => (ids.has(item.id) ? change(item) : item)).filter((item) => item !== null));
}
