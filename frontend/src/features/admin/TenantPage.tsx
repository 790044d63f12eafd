import { Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
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
import { useTenant } from "./api";
import { Facts } from "./Facts";
import { wish as wished } from "./tenancy";

const text = admin.workspaces;

/** A workspace of anybody's: who is in it, how much it has, and whether it is blocked. */
export function TenantPage({ id }: { id: number }) {
  const asked = useTenant(id);
  const [wish, setWish] = useState<Wish | null>(null);
  const item = asked.data;
  if (!item) return asked.error ? <Failed error={asked.error} reset={asked.refetch} /> : <PageSkeleton />;
  return (
    <div className="space-y-5">
      <Link to="/admin/workspaces" className="text-muted hover:text-ink inline-flex items-center gap-1.5">
        <ArrowLeft aria-hidden size={15} />
        {text.back}
      </Link>
      <header className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="flex min-w-0 flex-wrap items-center gap-2 text-lg font-semibold">
          <span className="min-w-0 break-words">{item.name}</span>
          {item.personal && <Badge>{admin.personal}</Badge>}
          {item.blocked_at !== null && <Badge kind="danger">{admin.blocked}</Badge>}
          {item.deleted_at !== null && <Badge kind="warn">{admin.deleted}</Badge>}
        </h2>
        <Button
          size="small"
          onClick={() => {
            setWish(wished(item));
          }}
        >
          {wished(item).action}
        </Button>
      </header>
      {item.blocked_reason && (
        <Notice kind="warn">
          {admin.reason}: {item.blocked_reason}
        </Notice>
      )}
      <Facts
        items={[
          [admin.created, <Time key="at" at={item.created_at} />],
          [text.links, <Link key="links" to="/admin/links" search={{ workspace: item.id }} className="text-accent underline underline-offset-4">{number(item.links)}</Link>],
          [text.domains, number(item.domains)],
          [text.keys, number(item.keys)],
          [text.clicks, number(item.clicks)],
        ]}
      />
      <section aria-labelledby="members">
        <h3 id="members" className="mb-2 text-base font-semibold">
          {text.members}
        </h3>
        <ul className="card divide-line divide-y">
          {item.members.map((one) => (
            <li key={one.id} className="flex flex-wrap items-center justify-between gap-2 p-4">
              <Link to="/admin/users/$userId" params={{ userId: String(one.id) }} className="min-w-0 font-medium break-all hover:underline">
                {one.email}
              </Link>
              <span className="flex flex-wrap gap-1">
                <Badge>{members.role[one.role]}</Badge>
                {one.disabled && <Badge kind="danger">{admin.users.disabled}</Badge>}
              </span>
            </li>
          ))}
        </ul>
      </section>
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
