import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  getWebhooksByWebhookIdDeliveriesOptions,
  getWebhooksByWebhookIdDeliveriesQueryKey,
  getWebhooksByWebhookIdOptions,
  getWebhooksByWebhookIdQueryKey,
  getWebhooksOptions,
  getWebhooksQueryKey,
} from "@/api/generated/@tanstack/react-query.gen";
import { type DeliveryPage, getWebhooksByWebhookIdDeliveries } from "@/api/generated";

/** Milliseconds between looks at what is on its way. */
const LOOK = 3000;

export const useWebhooks = () => useQuery(getWebhooksOptions());

export const useWebhook = (id: number) => useQuery(getWebhooksByWebhookIdOptions({ path: { webhook_id: id } }));

const underWay = (page: DeliveryPage | undefined) =>
  page?.items.some(({ state, next_attempt_at }) => state === "pending" && next_attempt_at !== null && new Date(next_attempt_at).getTime() < Date.now() + LOOK);

/** What was sent, page by page; looked at again while something should arrive at any moment. */
export const useDeliveries = (id: number) =>
  useInfiniteQuery({
    queryKey: [...getWebhooksByWebhookIdDeliveriesQueryKey({ path: { webhook_id: id } }), "pages"],
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await getWebhooksByWebhookIdDeliveries({ path: { webhook_id: id }, query: { limit: 25, cursor: pageParam }, signal });
      return data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: ({ state }) => (underWay(state.data?.pages[0]) ? LOOK : false),
  });

/** Have what is shown of webhooks asked for anew, after a change. */
export function useAnew(): (id?: number) => Promise<unknown> {
  const queries = useQueryClient();
  return (id) =>
    Promise.all([
      queries.invalidateQueries({ queryKey: getWebhooksQueryKey() }),
      ...(id === undefined
        ? []
        : [
            queries.invalidateQueries({ queryKey: getWebhooksByWebhookIdQueryKey({ path: { webhook_id: id } }) }),
            queries.invalidateQueries({ queryKey: getWebhooksByWebhookIdDeliveriesOptions({ path: { webhook_id: id } }).queryKey }),
          ]),
    ]);
}
