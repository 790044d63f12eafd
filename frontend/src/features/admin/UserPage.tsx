import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import type { WholeAccount } from "@/api/generated";
import { useUser } from "@/api/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { Time } from "@/components/Time";
import { number } from "@/lib/format";
import { admin } from "@/text/admin";
import { members } from "@/text/members";
import { Act, type Wish } from "./Act";
import { useUserAccount } from "./api";
import { Facts } from "./Facts";
import { wishes } from "./wishes";

const text = admin.users;

/** An account: how much it has, and what can be done about it. */
export function UserPage({ id }: { id: number }) {
  const asked = useUserAccount(id);
  const self = useUser().id === id;
  const [wish, setWish] = useState<Wish | null>(null);
  const item = asked.data;
  if (!item) return asked.error ? <Failed error={asked.error} reset={asked.refetch} /> : <PageSkeleton />;
  return (
    <div className="space-y-5">
      <Link to="/admin/users" className="text-muted hover:text-ink inline-flex items-center gap-1.5">
        <ArrowLeft aria-hidden size={15} />
        {text.back}
      </Link>
      <header className="flex flex-wrap items-center justify-between gap-3">
        <div className="min-w-0">
          <h2 className="text-lg font-semibold break-all">{item.email}</h2>
          <p className="flex flex-wrap items-center gap-1.5">
            {item.name && <span className="text-muted mr-1 min-w-0 break-words">{item.name}</span>}
            {item.is_admin && <Badge kind="accent">{text.admin}</Badge>}
            {item.email_verified_at === null ? <Badge kind="warn">{text.unverified}</Badge> : <Badge kind="good">{text.verified}</Badge>}
            {item.disabled_at !== null && <Badge kind="danger">{text.disabled}</Badge>}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {wishes(item, self).map((wanted) => (
            <Button
              key={wanted.action}
              size="small"
              className={wanted.danger === false ? "" : "text-danger"}
              onClick={() => {
                setWish(wanted);
              }}
            >
              {wanted.action}
            </Button>
          ))}
        </div>
      </header>
      {item.disabled_reason && (
        <Notice kind="warn">
          {admin.reason}: {item.disabled_reason}
        </Notice>
      )}
      <Facts
        items={[
          [text.registered, <Time key="at" at={item.created_at} />],
          [text.lastSeen, item.last_seen_at === null ? text.never : <Time key="seen" at={item.last_seen_at} />],
          [text.links, number(item.links)],
          [text.sessions, number(item.sessions)],
          [text.keys, number(item.keys)],
        ]}
      />
      <Memberships items={item.workspaces} />
      {wish && (
        <Act
          wish={wish}
          onClose={() => {
            setWish(null);
          }}
        />
      )}
    </div>
  );
}

function Memberships({ items }: { items: WholeAccount["workspaces"] }) {
  return (
    <section aria-labelledby="workspaces">
      <h3 id="workspaces" className="mb-2 text-base font-semibold">
        {text.workspaces}
      </h3>
      <ul className="card divide-line divide-y">
        {items.map((one) => (
          <li key={one.id} className="flex flex-wrap items-center justify-between gap-2 p-4">
            <Link to="/admin/workspaces/$workspaceId" params={{ workspaceId: String(one.id) }} className="min-w-0 font-medium break-words hover:underline">
              {one.name}
            </Link>
            <span className="flex flex-wrap gap-1">
              <Badge>{members.role[one.role]}</Badge>
              {one.personal && <Badge>{admin.personal}</Badge>}
              {one.blocked && <Badge kind="danger">{admin.blocked}</Badge>}
              {one.deleted && <Badge kind="danger">{admin.deleted}</Badge>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
