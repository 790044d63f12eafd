import { infiniteQueryOptions, type InfiniteData, useMutation, useQueryClient } from "@tanstack/react-query";
import { problem } from "@/api/errors";
import { deleteOrphansByOrphanId, getOrphans, type OrphanOut, type OrphanPage } from "@/api/generated";
import { toast } from "@/lib/toast";
import { orphans as text } from "@/text/orphans";
import type { OrphanSearch } from "./search";

const KEY = ["orphans"] as const;

export const orphansOptions = ({ sort = "-last_at", domain }: OrphanSearch) =>
  infiniteQueryOptions({
    queryKey: [...KEY, sort, domain],
    queryFn: async ({ pageParam, signal }) => (await getOrphans({ query: { sort, domain, cursor: pageParam, limit: 50 }, signal })).data,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });

export const addressOf = ({ domain, slug }: OrphanOut): string => `${domain}/${slug}`;

/** Dismiss at once; what could not be dismissed is there again. */
export function useDismiss() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (orphan: OrphanOut) => deleteOrphansByOrphanId({ path: { orphan_id: orphan.id } }),
    onMutate: async ({ id }) => {
      await queries.cancelQueries({ queryKey: KEY });
      const before = queries.getQueriesData<InfiniteData<OrphanPage>>({ queryKey: KEY });
      queries.setQueriesData<InfiniteData<OrphanPage>>({ queryKey: KEY }, (old) => old && { ...old, pages: old.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.id !== id) })) });
      return { before };
    },
    onSuccess: (_, orphan) => toast(text.dismissed(addressOf(orphan))),
    onError: (error, _, context) => {
      for (const [key, data] of context?.before ?? []) queries.setQueryData(key, data);
      toast(problem(error).message, { kind: "danger" });
    },
  });
}
