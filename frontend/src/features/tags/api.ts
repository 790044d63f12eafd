import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteTagsByTagId, patchTagsByTagId, postTags, type TagOut } from "@/api/generated";
import { getTagsQueryKey } from "@/api/generated/@tanstack/react-query.gen";

/** Links carry the names of their tags. */
async function forget(queries: QueryClient): Promise<void> {
  await Promise.all([queries.invalidateQueries({ queryKey: getTagsQueryKey() }), queries.invalidateQueries({ queryKey: ["links"] }), queries.invalidateQueries({ queryKey: [{ _id: "getLinksByLinkId" }] })]);
}

/** Make a tag, or rename the given one. */
export function useSaveTag(tag: TagOut | undefined) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => (tag ? await patchTagsByTagId({ path: { tag_id: tag.id }, body: { name } }) : await postTags({ body: { name } })).data,
    onSettled: () => forget(queries),
  });
}

export function useRemoveTag() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (tag: TagOut) => {
      await deleteTagsByTagId({ path: { tag_id: tag.id } });
    },
    onSettled: () => forget(queries),
  });
}
