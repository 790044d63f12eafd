import { useQuery } from "@tanstack/react-query";
import { getWorkspacesOptions } from "./generated/@tanstack/react-query.gen";
import type { WorkspaceOut } from "./generated";
import { useWorkspace } from "./workspace";

/** What the person is in the workspace that everything on the page is of; undefined until that is known. */
export function useRole(): WorkspaceOut["role"] | undefined {
  const chosen = useWorkspace();
  const { data } = useQuery(getWorkspacesOptions());
  return data?.items.find(({ id, personal }) => (chosen === null ? personal : id === chosen))?.role;
}
