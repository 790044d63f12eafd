import { useMutation } from "@tanstack/react-query";
import { useMe } from "@/api/me";
import { problem } from "@/api/errors";
import { AuditFilters, moments, type Period } from "@/components/AuditFilters";
import { AuditTable } from "@/components/AuditTable";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { PageSkeleton } from "@/components/PageSkeleton";
import { SelectField } from "@/components/SelectField";
import { save } from "@/lib/save";
import { toast } from "@/lib/toast";
import { audit as text } from "@/text/audit";
import { auditFile, useAudit, useMembers } from "./api";

export interface AuditSearch extends Period {
  user?: number | undefined;
}

/** Who did what in the workspace, narrowed as the address says. */
export function Audit({ search, onSearch }: { search: AuditSearch; onSearch: (changed: AuditSearch) => void }) {
  const me = useMe();
  return me ? <Of workspace={me.workspace} search={search} onSearch={onSearch} /> : <PageSkeleton />;
}

function Of({ workspace, search, onSearch }: { workspace: number; search: AuditSearch; onSearch: (changed: AuditSearch) => void }) {
  const people = useMembers(workspace).data?.items ?? [];
  const asked = { ...moments(search), ...(search.action && { action: [search.action] }), ...(search.user && { user: search.user }) };
  const list = useAudit(workspace, asked);
  const file = useMutation({
    mutationFn: () => auditFile(workspace, asked),
    onSuccess: (blob) => {
      save(blob, "audit.csv");
    },
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center justify-between gap-3">
        <p className="text-muted">{text.lead}</p>
        <Button
          busy={file.isPending}
          onClick={() => {
            file.mutate();
          }}
        >
          {text.export}
        </Button>
      </div>
      <AuditFilters value={search} onChange={onSearch}>
        <SelectField
          label={text.who}
          value={search.user ?? ""}
          onChange={(event) => {
            onSearch({ user: Number(event.target.value) || undefined });
          }}
        >
          <option value="">{text.anybody}</option>
          {people.map(({ user, name, email }) => (
            <option key={user} value={user}>
              {name || email}
            </option>
          ))}
        </SelectField>
      </AuditFilters>
      <Listing
        query={list}
        items={list.data?.pages.flatMap((page) => page.items)}
        empty={<Empty title={text.none} />}
        onClear={
          filtered
            ? () => {
                onSearch({ action: undefined, from: undefined, to: undefined, user: undefined });
              }
            : undefined
        }
      >
        {(items) => <AuditTable items={items.map((item) => ({ ...item, who: item.name }))} />}
      </Listing>
    </>
  );
}
