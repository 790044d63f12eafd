import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  getAdminAudit,
  getAdminBlockedHosts,
  getAdminLinks,
  getAdminUsers,
  getAdminUsersByUserId,
  getAdminWorkspaces,
  getAdminWorkspacesByWorkspaceId,
} from "@/api/generated";
import {
  getAdminSystemOptions,
  getAuthRegistrationOptions,
} from "@/api/generated/@tanstack/react-query.gen";
import { problem } from "@/api/errors";
import { toast } from "@/lib/toast";
import { admin as text } from "@/text/admin";

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Milliseconds between looks at the system. */
const LOOK = 10_000;

/** A list of the administration's, page by page. */
function usePages<Q extends object, P extends Page<unknown>>(name: string, query: Q, ask: (query: Q & { cursor: string | null }, signal: AbortSignal) => Promise<{ data: P }>) {
  return useInfiniteQuery({
    queryKey: ["admin", name, query],
    queryFn: async ({ pageParam, signal }) => (await ask({ ...query, cursor: pageParam }, signal)).data,
    initialPageParam: null as string | null,
    getNextPageParam: (page: P) => page.next_cursor,
  });
}

export type State = "enabled" | "disabled" | "unverified" | "admin";

export const useUsers = (query: { search?: string | undefined; state?: State | undefined }) => usePages("users", query, (asked, signal) => getAdminUsers({ query: asked, signal }));
export const useTenants = (query: { search?: string | undefined }) => usePages("workspaces", query, (asked, signal) => getAdminWorkspaces({ query: asked, signal }));
export const useLinks = (query: { search?: string | undefined; host?: string | undefined; workspace?: number | undefined; blocked?: boolean | undefined }) =>
  usePages("links", query, (asked, signal) => getAdminLinks({ query: asked, signal }));
export const useHosts = (query: { search?: string | undefined }) => usePages("hosts", query, (asked, signal) => getAdminBlockedHosts({ query: asked, signal }));
export const useTrail = (query: { action?: string | undefined; user?: number | undefined; workspace?: number | undefined; from?: string; to?: string }) =>
  usePages("audit", query, (asked, signal) => getAdminAudit({ query: asked, signal }));

export const useUserAccount = (id: number) => useQuery({ queryKey: ["admin", "user", id], queryFn: async ({ signal }) => (await getAdminUsersByUserId({ path: { user_id: id }, signal })).data });
export const useTenant = (id: number) => useQuery({ queryKey: ["admin", "workspace", id], queryFn: async ({ signal }) => (await getAdminWorkspacesByWorkspaceId({ path: { workspace_id: id }, signal })).data });
export const useSystem = () => useQuery({ ...getAdminSystemOptions(), refetchInterval: LOOK });
export const useRegistration = () => useQuery(getAuthRegistrationOptions());

/** Have all lists and accounts of the administration asked for anew: an act on one shows in several. */
export function useAnew(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ["admin"] });
}

/** Do something that was already asked about, show what it changed, and say so. */
export function useAct() {
  const anew = useAnew();
  return useMutation({
    mutationFn: async (run: () => Promise<unknown>) => {
      await run();
      await anew();
    },
    onSuccess: () => toast(text.done),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
}
