import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useUser } from "@/api/session";
import { Badge } from "@/components/Badge";
import { buttonClass } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { date } from "@/lib/format";
import { account as text } from "@/text/account";
import { Section } from "./Section";

export function Profile() {
  const user = useUser();
  if (!user.email)
    return (
      <Notice
        action={
          <Link to="/register" search={{ next: "/account" }} className={buttonClass({ look: "primary", size: "small" })}>
            {text.profile.register}
          </Link>
        }
      >
        <p className="font-medium">{text.profile.guest}</p>
        <p>{text.profile.guestHint}</p>
      </Notice>
    );
  return (
    <Section title={text.profile.title}>
      <dl className="space-y-3">
        <Fact name={text.profile.name}>{user.name || <span className="text-muted">{text.profile.noName}</span>}</Fact>
        <Fact name={text.profile.email}>
          <span className="mr-2">{user.email}</span>
          {user.email_verified_at ? <Badge kind="good">{text.profile.confirmed}</Badge> : <Badge kind="warn">{text.profile.unconfirmed}</Badge>}
        </Fact>
        <Fact name={text.profile.since}>{date(user.created_at)}</Fact>
      </dl>
    </Section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="sm:grid sm:grid-cols-[10rem_minmax(0,1fr)] sm:gap-6">
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}
