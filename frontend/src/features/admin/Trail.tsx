import { AuditFilters, moments, type Period } from "@/components/AuditFilters";
import { AuditTable } from "@/components/AuditTable";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { TextField } from "@/components/TextField";
import { audit as text } from "@/text/audit";
import { useTrail } from "./api";

export interface TrailSearch extends Period {
  user?: number | undefined;
  workspace?: number | undefined;
}

const number = (typed: string): number | undefined => (/^[1-9]\d{0,14}$/.test(typed) ? Number(typed) : undefined);

/** What was done to accounts, workspaces and links of the installation. */
export function Trail({ search, onSearch }: { search: TrailSearch; onSearch: (changed: TrailSearch) => void }) {
  const { action, user, workspace } = search;
  const list = useTrail({ action, user, workspace, ...moments(search) });
  return (
    <>
      <p className="text-muted mb-4">{text.lead}</p>
      <AuditFilters value={search} onChange={onSearch}>
        <TextField
          inputMode="numeric"
          label={text.userId}
          value={user ?? ""}
          onChange={(event) => {
            onSearch({ user: number(event.target.value) });
          }}
        />
        <TextField
          inputMode="numeric"
          label={text.workspaceId}
          value={workspace ?? ""}
          onChange={(event) => {
            onSearch({ workspace: number(event.target.value) });
          }}
        />
      </AuditFilters>
      <Listing
        query={list}
        items={list.data?.pages.flatMap((page) => page.items)}
        empty={<Empty title={text.none} />}
        onClear={
          Object.values(search).some((value) => value !== undefined)
            ? () => {
                onSearch({ action: undefined, user: undefined, workspace: undefined, from: undefined, to: undefined });
              }
            : undefined
        }
      >
        {(items) => <AuditTable items={items.map((item) => ({ ...item, who: item.email }))} />}
      </Listing>
    </>
  );
}
