import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { problem } from "@/api/errors";
import { type InvitedOut, postAuthLogout, postInvitationsAccept, postInvitationsDecline } from "@/api/generated";
import { end } from "@/api/session";
import { chooseWorkspace } from "@/api/workspace";
import { Button, buttonClass } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { toast } from "@/lib/toast";
import { auth as text } from "@/text/auth";
import { refusal } from "@/text/form";
import { settled, useVisitor } from "./entering";
import { forgetInvitation } from "./invitationTicket";
import { RegisterForm } from "./RegisterForm";

/** What can be said to an invitation: it depends on who is there. */
export function InvitationAnswer({ ticket, invited, onDeclined }: { ticket: string; invited: InvitedOut; onDeclined: () => void }) {
  const session = useVisitor();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [registering, setRegistering] = useState(false);
  const accept = useMutation({
    mutationFn: async () => (await postInvitationsAccept({ body: { ticket } })).data,
    onSuccess: async ({ workspace }) => {
      forgetInvitation();
      queries.clear();
      chooseWorkspace(workspace);
      toast(text.invitation.joined(invited.workspace));
      await navigate({ to: "/links" });
    },
  });
  const decline = useMutation({ mutationFn: () => postInvitationsDecline({ body: { ticket } }), onSuccess: onDeclined });
  const leave = useMutation({ mutationFn: () => postAuthLogout(), onSuccess: end });

  const me = session.status === "in" && settled(session) ? (session.user.email ?? undefined) : undefined;
  const mine = me?.toLowerCase() === invited.email.toLowerCase();
  const error = accept.error ?? decline.error ?? leave.error;
  const no = (
    <Button
      className="w-full"
      busy={decline.isPending}
      onClick={() => {
        decline.mutate();
      }}
    >
      {text.invitation.decline}
    </Button>
  );
  if (session.status === "unknown") return <PageSkeleton />;
  if (registering && !me)
    return (
      <RegisterForm
        action={text.invitation.registerAndJoin}
        invitation={ticket}
        email={invited.email}
        onDone={() => {
          forgetInvitation();
          toast(text.invitation.joined(invited.workspace));
          void navigate({ to: "/links" });
        }}
      />
    );
  return (
    <div className="space-y-2.5">
      {error && <Notice kind="danger">{refusal(problem(error))}</Notice>}
      {me !== undefined && !mine && (
        <>
          <Notice kind="warn">{text.invitation.elsewhere(me)}</Notice>
          <Button
            look="primary"
            className="w-full"
            busy={leave.isPending}
            onClick={() => {
              leave.mutate();
            }}
          >
            {text.invitation.asOther}
          </Button>
        </>
      )}
      {mine && (
        <Button
          look="primary"
          className="w-full"
          busy={accept.isPending}
          onClick={() => {
            accept.mutate();
          }}
        >
          {text.invitation.accept}
        </Button>
      )}
      {me === undefined && (
        <>
          <Button
            look="primary"
            className="w-full"
            onClick={() => {
              setRegistering(true);
            }}
          >
            {text.invitation.registerAndJoin}
          </Button>
          <Link to="/sign-in" search={{ next: "/invitation" }} className={`${buttonClass()} w-full`}>
            {text.invitation.signIn}
          </Link>
        </>
      )}
      {no}
    </div>
  );
}
