import type { KeyOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Time } from "@/components/Time";
import { keys as text } from "@/text/keys";
import { life } from "./expiry";

const KINDS = { endless: "plain", lasting: "plain", ending: "warn", ended: "danger" } as const;

export function KeyRow({ item, onRevoke }: { item: KeyOut; onRevoke: () => void }) {
  const state = life(item.expires_at);
  return (
    <li className="flex flex-wrap items-start justify-between gap-3 p-4">
      <div className="min-w-0 flex-1 basis-64 space-y-1.5">
        <p className="flex flex-wrap items-center gap-2">
          <span className="min-w-0 font-medium break-words">{item.name}</span>
          <code className="text-muted text-xs">{item.prefix}…</code>
          <Badge kind={KINDS[state]}>
            {item.expires_at === null ? (
              text.noEnd
            ) : (
              <>
                {state === "ended" ? text.ended : text.ends} <Time at={item.expires_at} />
              </>
            )}
          </Badge>
        </p>
        <ul aria-label={text.scopes} className="flex flex-wrap gap-1">
          {item.scopes.map((scope) => (
            <li key={scope}>
              <Badge>{text.scope[scope][0]}</Badge>
            </li>
          ))}
        </ul>
        <p className="text-muted text-xs">
          {text.created} <Time at={item.created_at} /> · {item.last_used_at ? <>{text.used} <Time at={item.last_used_at} /></> : text.neverUsed}
        </p>
      </div>
      <Button size="small" aria-label={`${text.revoke}: ${item.name}`} onClick={onRevoke}>
        {text.revoke}
      </Button>
    </li>
  );
}
