import { Ban } from "lucide-react";
import { useState } from "react";
import { type BlockedHostOut, deleteAdminBlockedHostsByBlockedId } from "@/api/generated";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { SearchField } from "@/components/SearchField";
import { Time } from "@/components/Time";
import { admin } from "@/text/admin";
import { Act, type Wish } from "./Act";
import { useHosts } from "./api";
import { BlockHost } from "./BlockHost";
import { BlockList } from "./BlockList";
import type { DIALOGS } from "./search";

const text = admin.hosts;

export interface HostsSearch {
  search?: string | undefined;
  add?: (typeof DIALOGS)[number] | undefined;
}

const wished = ({ id, host }: BlockedHostOut): Wish => ({
  title: text.removeTitle(host),
  action: text.remove,
  hint: text.removeHint,
  danger: false,
  run: () => deleteAdminBlockedHostsByBlockedId({ path: { blocked_id: id } }),
});

/** The hosts that no link may lead to. */
export function Hosts({ search, onSearch }: { search: HostsSearch; onSearch: (changed: HostsSearch) => void }) {
  const list = useHosts({ search: search.search });
  const [wish, setWish] = useState<Wish | null>(null);
  const close = () => {
    onSearch({ add: undefined });
  };
  return (
    <>
      <p className="text-muted mb-4 max-w-prose">{text.lead}</p>
      <div className="mb-4 flex flex-wrap gap-3">
        <SearchField
          label={text.search}
          value={search.search ?? ""}
          onSearch={(found) => {
            onSearch({ search: found || undefined });
          }}
        />
        <Button
          onClick={() => {
            onSearch({ add: "list" });
          }}
        >
          {text.import}
        </Button>
        <Button
          look="primary"
          onClick={() => {
            onSearch({ add: "host" });
          }}
        >
          {text.add}
        </Button>
      </div>
      <Listing
        query={list}
        items={list.data?.pages.flatMap((page) => page.items)}
        empty={
          <Empty title={text.none} icon={<Ban aria-hidden size={28} />}>
            {text.noneHint}
          </Empty>
        }
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
                <div className="min-w-0 flex-1 basis-48">
                  <p className="font-medium break-all">{item.host}</p>
                  <p className="text-muted text-xs break-words">
                    <Time at={item.created_at} />
                    {item.reason && <> · {item.reason}</>}
                  </p>
                </div>
                <Button
                  size="small"
                  aria-label={`${text.remove}: ${item.host}`}
                  onClick={() => {
                    setWish(wished(item));
                  }}
                >
                  {text.remove}
                </Button>
              </li>
            ))}
          </ul>
        )}
      </Listing>
      {search.add === "host" && <BlockHost onClose={close} />}
      {search.add === "list" && <BlockList onClose={close} />}
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
