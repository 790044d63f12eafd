import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { SearchField } from "@/components/SearchField";
import { Time } from "@/components/Time";
import { admin } from "@/text/admin";
import { Act, type Wish } from "./Act";
import { useTenants } from "./api";
import { wish as wished } from "./tenancy";

const text = admin.workspaces;

export interface TenantsSearch {
  search?: string | undefined;
}

/** All workspaces of the installation. */
export function Tenants({ search, onSearch }: { search: TenantsSearch; onSearch: (changed: TenantsSearch) => void }) {
  const list = useTenants(search);
  const [wish, setWish] = useState<Wish | null>(null);
  return (
    <>
      <div className="mb-4 flex">
        <SearchField
          label={text.search}
          value={search.search ?? ""}
          onSearch={(found) => {
            onSearch({ search: found || undefined });
          }}
        />
      </div>
      <Listing
        query={list}
        items={list.data?.pages.flatMap((page) => page.items)}
        empty={<Empty title={text.none} />}
        onClear={
          search.search
            ? () => {
                onSearch({ search: undefined });
              }
            : undefined
        }
      >
        {(items) => (
          <ul className="card divide-line divide-y">
            {items.map((item) => (
              <li key={item.id} className="flex flex-wrap items-center justify-between gap-3 p-4">
                <div className="min-w-0 flex-1 basis-56">
                  <p className="flex flex-wrap items-center gap-1.5">
                    <Link to="/admin/workspaces/$workspaceId" params={{ workspaceId: String(item.id) }} className="min-w-0 font-medium break-words hover:underline">
                      {item.name}
                    </Link>
                    {item.personal && <Badge>{admin.personal}</Badge>}
                    {item.blocked_at !== null && <Badge kind="danger">{admin.blocked}</Badge>}
                    {item.deleted_at !== null && <Badge kind="warn">{admin.deleted}</Badge>}
                  </p>
                  <p className="text-muted text-xs break-words">
                    {text.owners} {item.owners.join(", ")} · {admin.created} <Time at={item.created_at} />
                  </p>
                </div>
                <Button
                  size="small"
                  aria-label={`${wished(item).action}: ${item.name}`}
                  onClick={() => {
                    setWish(wished(item));
                  }}
                >
                  {wished(item).action}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Listing>
      {wish && (
        <Act
          wish={wish}
          onClose={() => {
            setWish(null);
          }}
        />
      )}
    </>
  );
}
