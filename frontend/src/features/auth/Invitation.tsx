import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { problem } from "@/api/errors";
import { postInvitationsPreview } from "@/api/generated";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { date } from "@/lib/format";
import { auth as text } from "@/text/auth";
import { refusal } from "@/text/form";
import { Frame } from "./Frame";
import { InvitationAnswer } from "./InvitationAnswer";
import { forgetInvitation, useInvitationTicket } from "./invitationTicket";
import { NoTicket } from "./NoTicket";

/** Look at an invitation, and answer it: signed in, or with an account that is made for it. */
export function Invitation() {
  const ticket = useInvitationTicket();
  const [declined, setDeclined] = useState(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["invitation", ticket],
    queryFn: async () => (await postInvitationsPreview({ body: { ticket: ticket ?? "" } })).data,
    enabled: ticket !== undefined && !declined,
    staleTime: Infinity,
  });
  if (declined)
    return (
      <Frame title={text.invitation.title}>
        <Notice kind="good">{text.invitation.declined}</Notice>
      </Frame>
    );
  if (ticket === undefined) return <NoTicket />;
  if (error) {
    const failed = problem(error);
    return (
      <Frame title={text.invitation.title}>
        {failed.passing ? <Failed error={failed} reset={() => void refetch()} /> : <Notice kind="danger">{refusal(failed)}</Notice>}
      </Frame>
    );
  }
  if (!data)
    return (
      <Frame title={text.invitation.title}>
        <PageSkeleton />
      </Frame>
    );
  return (
    <Frame title={text.invitation.into(data.workspace)}>
      <div className="space-y-1">
        <p>
          {data.invited_by ? text.invitation.by(data.invited_by) : text.invitation.anonymous} {text.invitation.facts(data.email, text.invitation.roles[data.role])}
        </p>
        <p className="text-muted">{text.invitation.until(date(data.expires_at))}</p>
      </div>
      <InvitationAnswer
        ticket={ticket}
        invited={data}
        onDeclined={() => {
          forgetInvitation();
          setDeclined(true);
        }}
      />
    </Frame>
  );
}
