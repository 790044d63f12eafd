import { postAdminWorkspacesByWorkspaceIdBlock, postAdminWorkspacesByWorkspaceIdUnblock, type Tenant } from "@/api/generated";
import { admin } from "@/text/admin";
import type { Wish } from "./Act";

const text = admin.workspaces;

/** To block a workspace, or to unblock one that is. */
export function wish({ id, name, blocked_at }: Pick<Tenant, "id" | "name" | "blocked_at">): Wish {
  const path = { workspace_id: id };
  if (blocked_at !== null)
    return {
      title: text.unblockTitle(name),
      action: admin.unblock,
      hint: text.unblockHint,
      danger: false,
      run: () => postAdminWorkspacesByWorkspaceIdUnblock({ path }),
    };
  return {
    title: text.blockTitle(name),
    action: admin.block,
    hint: text.blockHint,
    asks: "reason",
    run: (reason) => postAdminWorkspacesByWorkspaceIdBlock({ path, body: { reason: reason.trim() || null } }),
  };
}
