import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Moderated, postAdminLinksByLinkIdBlock, postAdminLinksByLinkIdUnblock } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { SearchField } from "@/components/SearchField";
import { Time } from "@/components/Time";
import { bare, number } from "@/lib/format";
import { admin } from "@/text/admin";
import { Act, type Wish } from "./Act";
import { useLinks } from "./api";

const text = admin.links;
/** Letters from which on the API searches. */
const LEAST = 3;

export interface LinksSearch {
  search?: string | undefined;
  host?: string | undefined;
  workspace?: number | undefined;
  blocked?: boolean | undefined;
}

function wished({ id, short_url, blocked }: Moderated): Wish {
  const path = { link_id: id };
  return blocked
    ? { title: text.unblockTitle(bare(short_url)), action: admin.unblock, hint: text.unblockHint, danger: false, run: () => postAdminLinksByLinkIdUnblock({ path }) }
    : {
        title: text.blockTitle(bare(short_url)),
        action: admin.block,
        hint: text.blockHint,
        asks: "reason",
        run: (reason) => postAdminLinksByLinkIdBlock({ path, body: { reason: reason.trim() || null } }),
      };
}

/** The links of everybody. */
export function Links({ search, onSearch }: { search: LinksSearch; onSearch: (changed: LinksSearch) => void }) {
  const words = search.search !== undefined && search.search.length >= LEAST ? search.search : undefined;
  const list = useLinks({ ...search, search: words });
  const [wish, setWish] = useState<Wish | null>(null);
  const filtered = words !== undefined || search.host !== undefined || search.workspace !== undefined || search.blocked === true;
  return (
    <>
      <div className="mb-4 flex flex-wrap items-center gap-3">
        <SearchField
          label={text.search}
          value={search.search ?? ""}
          onSearch={(found) => {
            onSearch({ search: found || undefined });
          }}
        />
        <SearchField
          label={text.host}
          value={search.host ?? ""}
          onSearch={(found) => {
            onSearch({ host: found || undefined });
          }}
        />
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            className="accent-accent size-4"
            checked={search.blocked ?? false}
            onChange={(event) => {
              onSearch({ blocked: event.target.checked || undefined });
            }}
          />
          {text.onlyBlocked}
        </label>
      </div>
      <Listing
        query={list}
        items={list.data?.pages.flatMap((page) => page.items)}
        empty={<Empty title={text.none} />}
        onClear={
          filtered
            ? () => {
                onSearch({ search: undefined, host: undefined, workspace: undefined, blocked: undefined });
              }
            : undefined
        }
      >
        {(items) => (
          <ul className="card divide-line divide-y">
            {items.map((item) => (
              <Row
                key={item.id}
                item={item}
                onWish={() => {
                  setWish(wished(item));
                }}
              />
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

function Row({ item, onWish }: { item: Moderated; onWish: () => void }) {
  const { action } = wished(item);
  return (
    <li className="flex flex-wrap items-center justify-between gap-3 p-4">
      <div className="min-w-0 flex-1 basis-64 space-y-0.5">
        <p className="flex flex-wrap items-center gap-1.5">
          <span className="min-w-0 font-medium break-all">{bare(item.short_url)}</span>
          {item.blocked && <Badge kind="danger">{admin.blocked}</Badge>}
          {item.warnings.length > 0 && <Badge kind="warn">{text.lookalike}</Badge>}
        </p>
        {/* Text, not a link: what is looked at here may be harmful. */}
        <p className="text-muted break-all">{item.target}</p>
        <p className="text-muted text-xs break-words">
          {text.of}{" "}
          <Link to="/admin/workspaces/$workspaceId" params={{ workspaceId: String(item.workspace) }} className="underline underline-offset-2">
            {item.workspace_name}
          </Link>{" "}
          · <Time at={item.created_at} /> · {text.clicks(number(item.clicks))}
          {item.blocked_reason && (
            <>
              {" "}
              · {admin.reason}: {item.blocked_reason}
            </>
          )}
        </p>
      </div>
      <Button size="small" aria-label={`${action}: ${bare(item.short_url)}`} onClick={onWish}>
        {action}
      </Button>
    </li>
  );
}
