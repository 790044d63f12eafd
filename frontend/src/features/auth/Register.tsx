import { Link } from "@tanstack/react-router";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { auth as text } from "@/text/auth";
import { useRegistration } from "./api";
import { settled, useGoOn } from "./entering";
import { useFragment } from "./fragment";
import { Frame } from "./Frame";
import { inside } from "./next";
import { OtherWays } from "./OtherWays";
import { RegisterForm } from "./RegisterForm";

/** Make an account: where everybody may, with an invitation's ticket, or not at all. Guests keep what they have made. */
export function Register({ next }: { next?: string | undefined }) {
  const session = useGoOn(next);
  const { ticket } = useFragment();
  const { data, error, refetch } = useRegistration();
  const signIn = (
    <>
      {text.haveAccount}{" "}
      <Link to="/sign-in" search={next ? { next } : {}} className="text-accent font-medium hover:underline">
        {text.signIn}
      </Link>
    </>
  );
  if (error)
    return (
      <Frame title={text.registration.title} beneath={signIn}>
        <Failed error={error} reset={() => void refetch()} />
      </Frame>
    );
  if (!data)
    return (
      <Frame title={text.registration.title} beneath={signIn}>
        <PageSkeleton />
      </Frame>
    );
  const refused = data.mode === "closed" || (data.mode === "invite" && ticket === undefined);
  if (refused)
    return (
      <Frame title={data.mode === "closed" ? text.registration.closed : text.registration.inviteOnly} beneath={signIn}>
        <p className="text-muted">{data.mode === "closed" ? text.registration.closedHint : text.registration.inviteOnlyHint}</p>
      </Frame>
    );
  return (
    <Frame title={text.registration.title} beneath={signIn}>
      {ticket !== undefined && <Notice>{text.registration.invited}</Notice>}
      {session.status === "in" && !settled(session) && <Notice>{text.registration.guest}</Notice>}
      <RegisterForm action={text.register} invitation={ticket} />
      {ticket === undefined && <OtherWays next={inside(next)} passkey={false} />}
    </Frame>
  );
}
