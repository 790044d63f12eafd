import { Link } from "@tanstack/react-router";
import { Archive, ArchiveRestore, ChartColumn, EllipsisVertical, Pencil, QrCode, Trash2 } from "lucide-react";
import type { LinkOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { CopyButton } from "@/components/CopyButton";
import { IconButton } from "@/components/IconButton";
import { Menu } from "@/components/Menu";
import { ago, bare, compact, dateTime, number } from "@/lib/format";
import { links as text } from "@/text/links";
import { provisional } from "./api";
import { StateBadges } from "./StateBadges";
import type { RowActions } from "./useRowActions";

/** A link in the list. The focus goes from row to row by its first link; keys act on the row that has it. */
export function Row({
  link,
  selected,
  actions,
  mayWrite,
  onSelect,
}: {
  link: LinkOut;
  selected: boolean;
  actions: RowActions;
  mayWrite: boolean;
  onSelect: (range: boolean) => void;
}) {
  const name = bare(link.short_url);
  const made = provisional(link);
  return (
    <li
      data-link={link.id}
      aria-busy={made}
      className={`border-line flex gap-3 border-b px-3 py-3 last:border-b-0 sm:px-4 ${selected ? "bg-accent-soft" : "focus-within:bg-raised/60"} ${made ? "opacity-60" : ""}`}
    >
      {mayWrite && (
        <input
          type="checkbox"
          checked={selected}
          disabled={made}
          aria-label={text.select(name)}
          className="accent-accent mt-1 size-4 shrink-0"
          onClick={(event) => {
            onSelect(event.shiftKey);
          }}
          // The click decides, as it knows of the shift key.
          onChange={() => undefined}
        />
      )}
      <div className="min-w-0 flex-1">
        <div className="flex min-w-0 flex-wrap items-center gap-x-2 gap-y-1">
          {made ? (
            <span className="text-muted font-medium">{text.making}</span>
          ) : (
            <span className="-my-2 flex max-w-full min-w-0 items-center">
              <Link data-row to="/links/$linkId" params={{ linkId: String(link.id) }} className="min-w-0 font-semibold break-all hover:underline">
                {name}
              </Link>
              <CopyButton value={link.short_url} label={text.copyLink} />
            </span>
          )}
          <StateBadges link={link} />
        </div>
        <p className="text-muted mt-0.5 truncate" title={link.target}>
          {link.title && <span className="text-ink mr-2">{link.title}</span>}
          {bare(link.target)}
        </p>
        <div className="text-muted mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
          <time dateTime={link.created_at} title={dateTime(link.created_at)}>
            {text.created(ago(link.created_at))}
          </time>
          {link.tags.map((tag) => (
            <Link key={tag} to="/links" search={{ tag: [tag] }} className="max-w-full">
              <Badge>
                <span className="max-w-40 truncate">{tag}</span>
              </Badge>
            </Link>
          ))}
        </div>
      </div>
      {!made && (
        <div className="flex shrink-0 flex-col items-end justify-between gap-1 sm:flex-row sm:items-center sm:gap-3">
          <Link
            to="/links/$linkId"
            params={{ linkId: String(link.id) }}
            className="hover:bg-raised rounded-lg px-2 py-1 text-right tabular-nums"
            title={text.statistics}
            aria-label={`${text.clicks(link.clicks, number(link.clicks))}, ${text.statistics}`}
          >
            <span className="font-semibold">{compact(link.clicks)}</span>
            <span className="text-muted hidden sm:inline"> {text.clicks(link.clicks, "").replace("1", "").trim()}</span>
          </Link>
          <Menu
            trigger={(parts) => (
              <IconButton {...parts} label={text.more(name)}>
                <EllipsisVertical size={18} />
              </IconButton>
            )}
            items={[
              ...(mayWrite ? [{ label: text.edit, icon: <Pencil size={16} />, shortcut: "E", onSelect: () => { actions.edit(link); } }] : []),
              { label: text.statistics, icon: <ChartColumn size={16} />, shortcut: "S", onSelect: () => { actions.statistics(link); } },
              { label: text.qr, icon: <QrCode size={16} />, shortcut: "Q", onSelect: () => { actions.qr(link); } },
              ...(mayWrite
                ? [
                    "line" as const,
                    {
                      label: link.archived ? text.unarchive : text.archive,
                      icon: link.archived ? <ArchiveRestore size={16} /> : <Archive size={16} />,
                      shortcut: "A",
                      onSelect: () => { actions.archive(link); },
                    },
                    { label: text.delete, icon: <Trash2 size={16} />, shortcut: "#", danger: true, onSelect: () => { actions.remove(link); } },
                  ]
                : []),
            ]}
          />
        </div>
      )}
    </li>
  );
}
