import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { deleteApiKeysByKey, type KeyOut } from "@/api/generated";
import { getApiKeysOptions, getApiKeysQueryKey } from "@/api/generated/@tanstack/react-query.gen";
import { useMe } from "@/api/me";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { Notice } from "@/components/Notice";
import { PageHeader } from "@/components/PageHeader";
import { SearchField } from "@/components/SearchField";
import { toast } from "@/lib/toast";
import { keys as text } from "@/text/keys";
import { KeyRow } from "./KeyRow";
import { NewKey } from "./NewKey";

export interface KeysSearch {
  search?: string | undefined;
  new?: boolean | undefined;
}

/** The keys of the workspace: all of them for those who look after it, one's own for the others. */
export function Keys({ search, onSearch }: { search: KeysSearch; onSearch: (changed: KeysSearch) => void }) {
  const me = useMe();
  const may = me?.scopes.includes("keys:write") ?? false;
  const queries = useQueryClient();
  const list = useQuery({ ...getApiKeysOptions(), enabled: may });
  const [revoking, setRevoking] = useState<KeyOut | null>(null);
  const wanted = search.search?.toLowerCase() ?? "";
  const items = list.data?.items.filter(({ name, prefix }) => `${name} ${prefix}`.toLowerCase().includes(wanted));
  const make = (
    <Button
      look="primary"
      onClick={() => {
        onSearch({ new: true });
      }}
    >
      <Plus aria-hidden size={16} />
      {text.make}
    </Button>
  );
  if (me && !may)
    return (
      <>
        <PageHeader title={text.title} />
        <Notice>{text.viewer}</Notice>
      </>
    );
  return (
    <>
      <PageHeader title={text.title}>{may && make}</PageHeader>
      <p className="text-muted mb-4 max-w-prose">{text.lead}</p>
      {(list.data?.items.length ?? 0) > 4 && (
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
        empty={
          <Empty title={text.none} icon={<KeyRound aria-hidden size={28} />} action={make}>
            {text.noneHint}
          </Empty>
        }
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
              <KeyRow
                key={item.id}
                item={item}
                onRevoke={() => {
                  setRevoking(item);
                }}
              />
            ))}
          </ul>
        )}
      </Listing>
      {search.new && may && (
        <NewKey
          onClose={() => {
            onSearch({ new: undefined });
          }}
        />
      )}
      {revoking && (
        <Confirm
          title={text.revokeTitle(revoking.name)}
          action={text.revoke}
          onConfirm={async () => {
            await deleteApiKeysByKey({ path: { key: revoking.id } });
            await queries.invalidateQueries({ queryKey: getApiKeysQueryKey() });
            toast(text.revoked(revoking.name));
          }}
          onClose={() => {
            setRevoking(null);
          }}
        >
          <p>{text.revokeHint}</p>
        </Confirm>
      )}
    </>
  );
}
