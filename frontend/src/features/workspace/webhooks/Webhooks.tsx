import { Link } from "@tanstack/react-router";
import { Plus, Webhook } from "lucide-react";
import { useState } from "react";
import type { WebhookMade, WebhookOut } from "@/api/generated";
import { useMay } from "@/api/me";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { PageHeader } from "@/components/PageHeader";
import { SearchField } from "@/components/SearchField";
import { webhooks as text } from "@/text/webhooks";
import { useWebhooks } from "./api";
import { MadeSecret } from "./MadeSecret";
import { State } from "./State";
import { WebhookForm } from "./WebhookForm";

export interface WebhooksSearch {
  search?: string | undefined;
  new?: boolean | undefined;
}

export function Webhooks({ search, onSearch }: { search: WebhooksSearch; onSearch: (changed: WebhooksSearch) => void }) {
  const may = useMay("webhooks:write");
  const list = useWebhooks();
  const [made, setMade] = useState<WebhookMade | null>(null);
  const wanted = search.search?.toLowerCase() ?? "";
  const items = list.data?.items.filter(({ name, url }) => `${name ?? ""} ${url}`.toLowerCase().includes(wanted));
  const make = may && (
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
  return (
    <>
      <PageHeader title={text.title}>{make}</PageHeader>
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
          <Empty title={text.none} icon={<Webhook aria-hidden size={28} />} action={make}>
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
              <Row key={item.id} item={item} />
            ))}
          </ul>
        )}
      </Listing>
      {search.new && may && (
        <WebhookForm
          onMade={setMade}
          onClose={() => {
            onSearch({ new: undefined });
          }}
        />
      )}
      {made && (
        <MadeSecret
          value={made.secret}
          onClose={() => {
            setMade(null);
          }}
        />
      )}
    </>
  );
}

function Row({ item }: { item: WebhookOut }) {
  const to = { to: "/webhooks/$webhookId", params: { webhookId: String(item.id) } } as const;
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 p-4">
      <div className="min-w-0 flex-1 basis-64 space-y-1.5">
        <p>
          <Link {...to} className="font-medium break-all hover:underline">
            {item.name ?? item.url}
          </Link>
        </p>
        {item.name && <p className="text-muted text-xs break-all">{item.url}</p>}
        <ul aria-label={text.events} className="flex flex-wrap gap-1">
          {item.events.map((event) => (
            <li key={event}>
              <Badge>{text.event[event][0]}</Badge>
            </li>
          ))}
        </ul>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        {(item.failures > 0 || item.disabled) && (
          <Link {...to} search={{ only: "failed" }} className="text-accent text-xs underline underline-offset-4">
            {text.seeFailed}
          </Link>
        )}
        <State item={item} />
      </div>
    </li>
  );
}
