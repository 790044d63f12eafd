import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { useUser } from "@/api/session";
import { Badge } from "@/components/Badge";
import { Button, buttonClass } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { date } from "@/lib/format";
import { account as text } from "@/text/account";
import { Rename } from "./Rename";
import { Section } from "./Section";

export function Profile() {
  const user = useUser();
  const [renaming, setRenaming] = useState(false);
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
        <Fact name={text.profile.name}>
          <span className="flex items-start justify-between gap-3">
            <span className="min-w-0 break-words">{user.name || <span className="text-muted">{text.profile.noName}</span>}</span>
            <Button size="small" onClick={() => { setRenaming(true); }}>
              {text.profile.rename}
            </Button>
          </span>
        </Fact>
        <Fact name={text.profile.email}>
          <span className="mr-2">{user.email}</span>
          {user.email_verified_at ? <Badge kind="good">{text.profile.confirmed}</Badge> : <Badge kind="warn">{text.profile.unconfirmed}</Badge>}
        </Fact>
        <Fact name={text.profile.since}>{date(user.created_at)}</Fact>
      </dl>
      {renaming && <Rename onClose={() => { setRenaming(false); }} />}
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
