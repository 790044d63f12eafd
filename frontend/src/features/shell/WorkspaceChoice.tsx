import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { getWorkspacesOptions } from "@/api/generated/@tanstack/react-query.gen";
import { chooseWorkspace, useWorkspace } from "@/api/workspace";
import { shell as text } from "@/text/shell";

const NEW = "new";

/** Which workspace everything on the page is of. */
export function WorkspaceChoice() {
  const chosen = useWorkspace();
  const queries = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const { data } = useQuery(getWorkspacesOptions());
  const workspaces = data?.items.filter((workspace) => workspace.deleted_at === null);
  const there = workspaces?.some((workspace) => workspace.id === chosen);

  async function choose(id: number | null) {
    chooseWorkspace(id);
    queries.clear();
    await router.invalidate();
  }
  // One that the person was taken out of, or that is gone, would have every call answered with 404.
  const lost = workspaces !== undefined && chosen !== null && !there;
  useEffect(() => {
    if (lost) {
      chooseWorkspace(null);
      queries.clear();
    }
  }, [lost, queries]);

  if (!workspaces) return <div className="skeleton h-9" />;
  return (
    <select aria-label={text.workspace} className="input pr-8 font-medium" value={chosen ?? workspaces.find((workspace) => workspace.personal)?.id} onChange={(event) => void (event.target.value === NEW ? navigate({ to: "/settings", search: { new: true } }) : choose(Number(event.target.value)))}>
      {workspaces.map((workspace) => (
        <option key={workspace.id} value={workspace.id}>
          {workspace.name}
        </option>
      ))}
      <option value={NEW}>{text.newWorkspace}</option>
    </select>
  );
}
