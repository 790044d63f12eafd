import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { useState } from "react";
import { type MemberOut, patchWorkspacesByWorkspaceIdMembersByUser } from "@/api/generated";
import { getWorkspacesByWorkspaceIdOptions } from "@/api/generated/@tanstack/react-query.gen";
import { useMe } from "@/api/me";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { Notice } from "@/components/Notice";
import { PageHeader } from "@/components/PageHeader";
import { PageSkeleton } from "@/components/PageSkeleton";
import { SearchField } from "@/components/SearchField";
import { called } from "@/lib/person";
import { members as text } from "@/text/members";
import { type Role, useAct, useMembers } from "./api";
import { Invitations } from "./Invitations";
import { Invite } from "./Invite";
import { MemberRow } from "./MemberRow";
import { type Asked, Question } from "./Question";

export interface MembersSearch {
  search?: string | undefined;
  invite?: boolean | undefined;
}

/** Who is in the workspace that one is in. */
export function Members({ search, onSearch }: { search: MembersSearch; onSearch: (changed: MembersSearch) => void }) {
  const me = useMe();
  return me ? <Of workspace={me.workspace} me={me.user.id} mine={me.role} search={search} onSearch={onSearch} /> : <PageSkeleton />;
}

function Of({
  workspace,
  me,
  mine,
  search,
  onSearch,
}: {
  workspace: number;
  me: number;
  mine: Role;
  search: MembersSearch;
  onSearch: (changed: MembersSearch) => void;
}) {
  const list = useMembers(workspace);
  const whole = useQuery(getWorkspacesByWorkspaceIdOptions({ path: { workspace_id: workspace } })).data;
  const act = useAct(workspace);
  const [asked, setAsked] = useState<Asked | null>(null);
  const manages = mine === "owner" || mine === "admin";
  const wanted = search.search?.toLowerCase() ?? "";
  const items = list.data?.items.filter(({ name, email }) => `${name} ${email}`.toLowerCase().includes(wanted));

  function change(member: MemberOut, role: Role) {
    if (role === "owner") setAsked({ act: "owner", member });
    else if (member.user === me && mine === "owner") setAsked({ act: "demote", member, role });
    else
      act.mutate({
        run: () => patchWorkspacesByWorkspaceIdMembersByUser({ path: { workspace_id: workspace, user: member.user }, body: { role } }),
        said: text.changed(called(member), text.role[role]),
      });
  }
  return (
    <>
      <PageHeader title={text.title}>
        {manages && (
          <Button
            look="primary"
            onClick={() => {
              onSearch({ invite: true });
            }}
          >
            <UserPlus aria-hidden size={16} />
            {text.invite}
          </Button>
        )}
      </PageHeader>
      {whole && <p className="text-muted mb-4 break-words">{text.lead(whole.name)}</p>}
      {whole?.personal && (
        <div className="mb-4">
          <Notice>{text.personal}</Notice>
        </div>
      )}
      {(list.data?.items.length ?? 0) > 7 && (
        <div className="mb-4 flex">
          <SearchField
            label={text.search}
            value={search.search ?? ""}
            onSearch={(found) => {
              onSearch({ search: found || undefined });
            }}
          />
        </div>
      )}
      <Listing
        query={list}
        items={items}
        empty={<Empty title={text.none} />}
        onClear={
          wanted
            ? () => {
                onSearch({ search: undefined });
              }
            : undefined
        }
      >
        {(shown) => (
          <ul className="card divide-line divide-y">
            {shown.map((item) => (
              <MemberRow
                key={item.user}
                item={item}
                me={me}
                mine={mine}
                personal={whole?.personal ?? true}
                onRole={(role) => {
                  change(item, role);
                }}
                onAct={(wish) => {
                  setAsked({ act: wish, member: item });
                }}
              />
            ))}
          </ul>
        )}
      </Listing>
      {manages && <Invitations workspace={workspace} />}
      {search.invite && manages && (
        <Invite
          workspace={workspace}
          mine={mine}
          onClose={() => {
            onSearch({ invite: undefined });
          }}
        />
      )}
      {asked && whole && (
        <Question
          asked={asked}
          workspace={whole}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </>
  );
}
