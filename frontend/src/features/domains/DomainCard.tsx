import { EllipsisVertical, Settings, Trash2 } from "lucide-react";
import type { DomainOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { IconButton } from "@/components/IconButton";
import { Menu } from "@/components/Menu";
import { bare } from "@/lib/format";
import { domains as text } from "@/text/domains";
import { Proof } from "./Proof";

/** A domain: whether it is proved to be theirs, and where it leads who finds nothing. */
export function DomainCard({ domain, mayWrite, onOpen }: { domain: DomainOut; mayWrite: boolean; onOpen: (what: "settings" | "remove") => void }) {
  const targets = ([["rootTarget", domain.root_target], ["notFoundTarget", domain.not_found_target], ["expiredTarget", domain.expired_target]] as const).filter(([, target]) => target !== null);
  return (
    <li className="card p-4">
      <div className="flex items-start gap-2">
        <div className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
          <h2 className="min-w-0 text-base font-semibold break-all">{domain.host}</h2>
          <Badge kind={domain.verified ? "good" : "warn"}>{domain.verified ? text.verified : text.waiting}</Badge>
          {domain.default && <Badge kind="accent">{text.default}</Badge>}
        </div>
        {mayWrite && (
          <span className="flex items-center gap-1">
            <Button size="small" onClick={() => { onOpen("settings"); }}>
              <Settings aria-hidden size={15} />
              {text.settings}
            </Button>
            <Menu
              trigger={(parts) => (
                <IconButton {...parts} label={text.more(domain.host)}>
                  <EllipsisVertical size={17} />
                </IconButton>
              )}
              items={[{ label: text.remove, icon: <Trash2 size={16} />, danger: true, onSelect: () => { onOpen("remove"); } }]}
            />
          </span>
        )}
      </div>
      {targets.length > 0 && (
        <dl className="mt-2 space-y-0.5">
          {targets.map(([name, target]) => (
            <div key={name} className="grid min-w-0 gap-x-3 sm:grid-cols-[14rem_minmax(0,1fr)]">
              <dt className="text-muted">{text[name]}</dt>
              <dd className="truncate">{bare(target ?? "")}</dd>
            </div>
          ))}
        </dl>
      )}
      {domain.verification && <Proof domain={domain} record={domain.verification} mayWrite={mayWrite} />}
    </li>
  );
}
