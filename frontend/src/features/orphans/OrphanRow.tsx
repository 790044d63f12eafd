import { Link } from "@tanstack/react-router";
import { Plus, X } from "lucide-react";
import type { OrphanOut } from "@/api/generated";
import { buttonClass } from "@/components/Button";
import { IconButton } from "@/components/IconButton";
import { ago, dateTime, number } from "@/lib/format";
import { orphans as text } from "@/text/orphans";
import { addressOf } from "./api";

/** A slug that leads nowhere: how often it was asked for, and what can be done about it. */
export function OrphanRow({ orphan, mayEdit, onDismiss }: { orphan: OrphanOut; mayEdit: boolean; onDismiss: () => void }) {
  const address = addressOf(orphan);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <div className="min-w-0 flex-1 basis-60">
        <p className="break-all">
          <span className="text-muted">{orphan.domain}/</span>
          <span className="font-medium">{orphan.slug}</span>
        </p>
        <p className="text-muted text-xs">
          {text.times(number(orphan.count))} · <span title={dateTime(orphan.last_at)}>{text.last(ago(orphan.last_at))}</span> ·{" "}
          <span title={dateTime(orphan.first_at)}>{text.first(ago(orphan.first_at))}</span>
        </p>
      </div>
      {mayEdit && (
        <div className="flex items-center gap-1">
          {/* Which slug and domain the page of new links begins with, its own part of the dashboard reads. */}
          <Link to="/links/new" search={{ slug: orphan.slug, domain: orphan.domain } as never} aria-label={text.makeOf(address)} className={buttonClass({ size: "small" })}>
            <Plus aria-hidden size={14} />
            {text.make}
          </Link>
          <IconButton label={text.dismissOf(address)} onClick={onDismiss}>
            <X size={16} />
          </IconButton>
        </div>
      )}
    </li>
  );
}
