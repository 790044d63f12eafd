import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import {
  getDomainsOptions,
  getWorkspacesByWorkspaceIdAuditQueryKey,
  getWorkspacesByWorkspaceIdMembersOptions,
  getWorkspacesByWorkspaceIdOptions,
  getWorkspacesOptions,
} from "@/api/generated/@tanstack/react-query.gen";
import { getWorkspacesByWorkspaceIdAudit, type WorkspaceChange } from "@/api/generated";
import { instance } from "@/api/axios";
import { chooseWorkspace } from "@/api/workspace";

export const useSettings = (workspace: number) => useQuery(getWorkspacesByWorkspaceIdOptions({ path: { workspace_id: workspace } }));
export const useWorkspaces = () => useQuery(getWorkspacesOptions());
export const useMembers = (workspace: number) => useQuery(getWorkspacesByWorkspaceIdMembersOptions({ path: { workspace_id: workspace } }));

/** The domains that links may be put on; at most the API's first hundred, which is more than anybody chooses from. */
export const useVerifiedDomains = () => useQuery({ ...getDomainsOptions(), select: ({ items }) => items.filter((domain) => domain.verified) });

export type Change = WorkspaceChange;

export interface AuditAsked {
  action?: string[];
  user?: number;
  from?: string;
  to?: string;
}

export const useAudit = (workspace: number, query: AuditAsked) =>
  useInfiniteQuery({
    queryKey: [...getWorkspacesByWorkspaceIdAuditQueryKey({ path: { workspace_id: workspace }, query }), "pages"],
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await getWorkspacesByWorkspaceIdAudit({ path: { workspace_id: workspace }, query: { ...query, cursor: pageParam }, signal });
      return data;
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

const follows = (link: unknown): string | undefined => (typeof link === "string" ? /<([^>]+)>;\s*rel="?next"?/.exec(link)?.[1] : undefined);

/** The log as one CSV file. Where answers are bounded it comes in parts, each of which names the next. */
export async function auditFile(workspace: number, asked: AuditAsked): Promise<Blob> {
  const parts: Blob[] = [];
  let next: string | undefined = `/api/v1/workspaces/${workspace}/audit/export`;
  let params: object | undefined = { ...asked, format: "csv", bom: true };
  while (next !== undefined) {
    // Parts are told one after the other: each says where the next begins.
    const { data, headers }: { data: Blob; headers: Record<string, unknown> } = await instance.get<Blob>(next, {
      params,
      paramsSerializer: { indexes: null },
      responseType: "blob",
    });
    parts.push(data);
    next = follows(headers.link);
    params = undefined;
  }
  return new Blob(parts, { type: "text/csv" });
}

/** Go into another workspace: nothing that is shown is of that one yet. */
export function useEnter(): (id: number | null) => Promise<void> {
  const queries = useQueryClient();
  const router = useRouter();
  return async (id) => {
    chooseWorkspace(id);
    await queries.resetQueries();
    await router.invalidate();
  };
}
