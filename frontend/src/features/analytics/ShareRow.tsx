import { useState } from "react";
import { deleteLinksByLinkIdSharesByShareId, type ShareOut } from "@/api/generated";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { dateTime } from "@/lib/format";
import { analytics as text } from "@/text/analytics";

const end = (expires: string | null): string =>
  expires === null ? text.share.never : new Date(expires) > new Date() ? text.share.until(dateTime(expires)) : text.share.ended(dateTime(expires));

/** Somebody's address: until when it holds, and a way to end it before. */
export function ShareRow({ link, share, onRevoked }: { link: number; share: ShareOut; onRevoked: () => Promise<void> }) {
  const [asking, setAsking] = useState(false);
  return (
    <li className="flex items-center gap-3 py-2">
      <div className="min-w-0 flex-1">
        <p className="font-medium break-words">{share.name ?? text.share.unnamed}</p>
        <p className="text-muted text-xs">
          {dateTime(share.created_at)} · {end(share.expires_at)}
        </p>
      </div>
      <Button
        size="small"
        onClick={() => {
          setAsking(true);
        }}
      >
        {text.share.revoke}
      </Button>
      {asking && (
        <Confirm
          title={text.share.revokeTitle}
          action={text.share.revoke}
          onConfirm={async () => {
            await deleteLinksByLinkIdSharesByShareId({ path: { link_id: link, share_id: share.id } });
            await onRevoked();
          }}
          onClose={() => {
            setAsking(false);
          }}
        >
          <p>{text.share.revokeText}</p>
        </Confirm>
      )}
    </li>
  );
}
