import { useQuery } from "@tanstack/react-query";
import type { Preview } from "@/api/generated";
import { getTargetsPreviewOptions } from "@/api/generated/@tanstack/react-query.gen";
import { address } from "@/features/links/target";
import { useSettled } from "@/lib/debounce";

/** Milliseconds of no typing after which the target is read. */
const PAUSE = 500;

/** What the target's page says of itself. */
export function usePage(target: string): { page: Preview | undefined; unread: boolean } {
  const wanted = useSettled(address(target), PAUSE);
  const { data, isError } = useQuery({
    ...getTargetsPreviewOptions({ query: { url: wanted ?? "" } }),
    enabled: wanted !== null,
    retry: false,
    staleTime: Infinity,
  });
  return { page: wanted === null ? undefined : data, unread: isError && wanted !== null };
}
