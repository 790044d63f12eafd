import { Ellipsis } from "lucide-react";
import type { MemberOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { IconButton } from "@/components/IconButton";
import { Menu, type MenuItem } from "@/components/Menu";
import { Time } from "@/components/Time";
import { called } from "@/lib/person";
import { members as text } from "@/text/members";
import { grantable, type Role } from "./api";

export type Act = "remove" | "transfer" | "leave";

/** A member, with what `mine`, the role of who is looking, lets them do about it. */
export function MemberRow({
  item,
  me,
  mine,
  personal,
  onRole,
  onAct,
}: {
  item: MemberOut;
  me: number;
  mine: Role;
  personal: boolean;
  onRole: (role: Role) => void;
  onAct: (act: Act) => void;
}) {
  const name = called(item);
  const self = item.user === me;
  const roles = grantable(mine);
  const choosable = roles.includes(item.role) && !(personal && self);
  const acts: MenuItem[] = [
    ...(mine === "owner" && !self && !personal ? [{ label: text.transfer, onSelect: () => { onAct("transfer"); } }] : []),
    ...(roles.includes(item.role) && !self ? [{ label: text.remove, danger: true, onSelect: () => { onAct("remove"); } }] : []),
    ...(self && !personal ? [{ label: text.leave, danger: true, onSelect: () => { onAct("leave"); } }] : []),
  ];
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 p-4">
      <span aria-hidden className="bg-accent-soft flex size-9 shrink-0 items-center justify-center rounded-full font-semibold uppercase">
        {name.slice(0, 1)}
      </span>
      <div className="min-w-0 flex-1 basis-48">
        <p className="flex flex-wrap items-center gap-2 font-medium break-words">
          {name} {self && <Badge kind="accent">{text.you}</Badge>}
        </p>
        <p className="text-muted text-xs break-all">
          {item.email} · {text.joined} <Time at={item.joined_at} />
        </p>
      </div>
      <div className="flex items-center gap-1">
        {choosable ? (
          <select
            aria-label={text.roleOf(name)}
            className="input w-auto pr-8"
            value={item.role}
            onChange={(event) => {
              onRole(event.target.value as Role);
            }}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {text.role[role]}
              </option>
            ))}
          </select>
        ) : (
          <Badge>{text.role[item.role]}</Badge>
        )}
        {acts.length > 0 && (
          <Menu
            trigger={(parts) => (
              <IconButton label={text.more(name)} {...parts}>
                <Ellipsis size={18} />
              </IconButton>
            )}
            items={acts}
          />
        )}
      </div>
    </li>
  );
}
