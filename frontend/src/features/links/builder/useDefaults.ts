import { useQuery } from "@tanstack/react-query";
import type { LinkDefaults } from "@/api/generated";
import { getAuthMeOptions, getWorkspacesOptions } from "@/api/generated/@tanstack/react-query.gen";

/** What the workspace has its new links be; null until it is known. Where it can't be known, the installation's own. */
export function useDefaults(): { links: LinkDefaults | undefined; domain: string } | null {
  const me = useQuery({ ...getAuthMeOptions(), staleTime: 300_000 });
  const workspaces = useQuery(getWorkspacesOptions());
  if (me.isPending || workspaces.isPending) return null;
  const here = workspaces.data?.items.find(({ id }) => id === me.data?.workspace);
  return { links: here?.link_defaults, domain: here?.default_domain ?? location.host };
}
