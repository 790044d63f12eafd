import { useState } from "react";
import {
  deleteWorkspacesByWorkspaceIdInvitationsByInvitationId,
  type InvitationOut,
  postWorkspacesByWorkspaceIdInvitationsByInvitationIdResend,
} from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Listing } from "@/components/Listing";
import { Time } from "@/components/Time";
import { toast } from "@/lib/toast";
import { members as text } from "@/text/members";
import { useAct, useAnew, useInvitations } from "./api";

/** Who was invited and has not answered yet. */
export function Invitations({ workspace }: { workspace: number }) {
  const list = useInvitations(workspace);
  const anew = useAnew(workspace);
  const act = useAct(workspace);
  const [revoking, setRevoking] = useState<InvitationOut | null>(null);
  // How long ago was meant when the list was had.
  const lapsed = (item: InvitationOut) => new Date(item.expires_at).getTime() < list.dataUpdatedAt;
  return (
    <section aria-labelledby="invitations" className="mt-8">
      <h2 id="invitations" className="mb-3 text-base font-semibold">
        {text.invitations}
      </h2>
      <Listing query={list} items={list.data?.items} empty={<p className="text-muted">{text.noInvitations}</p>}>
        {(items) => (
          <ul className="card divide-line divide-y">
            {items.map((item) => (
              <li key={item.id} className="flex flex-wrap items-center justify-between gap-3 p-4">
                <div className="min-w-0 flex-1 basis-48">
                  <p className="flex flex-wrap items-center gap-2 font-medium break-all">
                    {item.email} <Badge>{text.role[item.role]}</Badge> {lapsed(item) && <Badge kind="warn">{text.lapsed}</Badge>}
                  </p>
                  <p className="text-muted text-xs">
                    {text.sent} <Time at={item.sent_at} />
                    {!lapsed(item) && (
                      <>
                        {" · "}
                        {text.until} <Time at={item.expires_at} />
                      </>
                    )}
                  </p>
                </div>
                <div className="flex gap-2">
                  <Button
                    size="small"
                    aria-label={`${text.resend}: ${item.email}`}
                    onClick={() => {
                      act.mutate({
                        run: () => postWorkspacesByWorkspaceIdInvitationsByInvitationIdResend({ path: { workspace_id: workspace, invitation_id: item.id } }),
                        said: text.resent(item.email),
                      });
                    }}
                  >
                    {text.resend}
                  </Button>
                  <Button
                    size="small"
                    aria-label={`${text.revoke}: ${item.email}`}
                    onClick={() => {
                      setRevoking(item);
                    }}
                  >
                    {text.revoke}
                  </Button>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Listing>
      {revoking && (
        <Confirm
          title={text.revokeTitle(revoking.email)}
          action={text.revoke}
          onConfirm={async () => {
            await deleteWorkspacesByWorkspaceIdInvitationsByInvitationId({ path: { workspace_id: workspace, invitation_id: revoking.id } });
            await anew();
            toast(text.revoked);
          }}
          onClose={() => {
            setRevoking(null);
          }}
        >
          <p>{text.revokeHint}</p>
        </Confirm>
      )}
    </section>
  );
}
