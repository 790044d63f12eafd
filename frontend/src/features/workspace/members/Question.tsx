import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  deleteWorkspacesByWorkspaceIdMembersByUser,
  type MemberOut,
  patchWorkspacesByWorkspaceIdMembersByUser,
  postWorkspacesByWorkspaceIdLeave,
  postWorkspacesByWorkspaceIdTransfer,
  type WorkspaceOut,
} from "@/api/generated";
import { chooseWorkspace } from "@/api/workspace";
import { Confirm } from "@/components/Confirm";
import { toast } from "@/lib/toast";
import { called } from "@/lib/person";
import { members as text } from "@/text/members";
import { type Role, useAnew } from "./api";
import type { Act } from "./MemberRow";

export interface Asked {
  act: Act | "owner" | "demote";
  member: MemberOut;
  role?: Role;
}

/** Asks before what changes who has a say in the workspace, and does it. */
export function Question({ asked: { act, member, role = "admin" }, workspace, onClose }: { asked: Asked; workspace: WorkspaceOut; onClose: () => void }) {
  const anew = useAnew(workspace.id);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const name = called(member);
  const path = { workspace_id: workspace.id };
  const change = (to: Role) => patchWorkspacesByWorkspaceIdMembersByUser({ path: { ...path, user: member.user }, body: { role: to } });
  const leave = async () => {
    await postWorkspacesByWorkspaceIdLeave({ path });
    chooseWorkspace(null);
    queries.clear();
    await navigate({ to: "/links" });
  };
  const acts = {
    remove: {
      title: text.removeTitle(name),
      action: text.remove,
      hint: text.removeHint,
      said: text.removed(name),
      run: () => deleteWorkspacesByWorkspaceIdMembersByUser({ path: { ...path, user: member.user } }),
    },
    transfer: {
      title: text.transferTitle(name),
      action: text.transfer,
      hint: text.transferHint,
      said: text.transferred(name),
      run: () => postWorkspacesByWorkspaceIdTransfer({ path, body: { user: member.user } }),
    },
    leave: { title: text.leaveTitle(workspace.name), action: text.leave, hint: text.leaveHint, said: text.left(workspace.name), run: leave },
    owner: {
      title: text.makeOwnerTitle(name),
      action: text.makeOwner,
      hint: text.makeOwnerHint,
      said: text.changed(name, text.role.owner),
      run: () => change("owner"),
    },
    demote: { title: text.demoteTitle, action: text.demote, hint: text.demoteHint, said: text.changed(name, text.role[role]), run: () => change(role) },
  };
  const { title, action, hint, said, run } = acts[act];
  return (
    <Confirm
      title={title}
      action={action}
      onConfirm={async () => {
        await run();
        await anew();
        toast(said);
      }}
      onClose={onClose}
    >
      <p>{hint}</p>
    </Confirm>
  );
}
