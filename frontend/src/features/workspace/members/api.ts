import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  getAuthMeQueryKey,
  getWorkspacesByWorkspaceIdInvitationsOptions,
  getWorkspacesByWorkspaceIdInvitationsQueryKey,
  getWorkspacesByWorkspaceIdMembersOptions,
  getWorkspacesByWorkspaceIdMembersQueryKey,
  getWorkspacesQueryKey,
} from "@/api/generated/@tanstack/react-query.gen";
import type { MemberOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { toast } from "@/lib/toast";

export type Role = MemberOut["role"];
export const ROLES: readonly Role[] = ["owner", "admin", "member", "viewer"];

export const useMembers = (workspace: number) => useQuery(getWorkspacesByWorkspaceIdMembersOptions({ path: { workspace_id: workspace } }));

export const useInvitations = (workspace: number) => useQuery(getWorkspacesByWorkspaceIdInvitationsOptions({ path: { workspace_id: workspace } }));

/** Have everything about who is in the workspace asked for anew, one's own role included. */
export function useAnew(workspace: number): () => Promise<unknown> {
  const queries = useQueryClient();
  const path = { workspace_id: workspace };
  return () =>
    Promise.all(
      [
        getWorkspacesByWorkspaceIdMembersQueryKey({ path }),
        getWorkspacesByWorkspaceIdInvitationsQueryKey({ path }),
        getAuthMeQueryKey(),
        getWorkspacesQueryKey(),
      ].map((queryKey) => queries.invalidateQueries({ queryKey })),
    );
}

/** Do something that needs no question, and say that it is done, or what kept it from being done. */
export function useAct(workspace: number) {
  const anew = useAnew(workspace);
  return useMutation({
    mutationFn: async ({ run }: { run: () => Promise<unknown>; said: string }) => {
      await run();
    },
    onSuccess: (_, { said }) => toast(said),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
    onSettled: anew,
  });
}

/** Which roles one may give, and to whom: owners all, admins all but the owners' (the API's rule). */
export const grantable = (mine: Role): readonly Role[] => (mine === "owner" ? ROLES : mine === "admin" ? ROLES.slice(1) : []);
