import { Link, useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, ArrowUpRight, EllipsisVertical, Pencil, Power, QrCode, Trash2 } from "lucide-react";
import { useMemo } from "react";
import type { LinkOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { useMay } from "@/api/may";
import { buttonClass } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { IconButton } from "@/components/IconButton";
import { Menu } from "@/components/Menu";
import { PageHeader } from "@/components/PageHeader";
import { Badge } from "@/components/Badge";
import { useChangeLink } from "@/features/links/api";
import { remove } from "@/features/links/removal";
import { StateBadges } from "@/features/links/StateBadges";
import { href } from "@/features/links/target";
import { useArchive } from "@/features/links/useArchive";
import { copy } from "@/lib/copy";
import { bare } from "@/lib/format";
import { useKeys } from "@/lib/keys";
import { toast } from "@/lib/toast";
import { link as text } from "@/text/link";
import { links } from "@/text/links";

/** Which link it is, and what can be done with it. */
export function LinkHeader({ link }: { link: LinkOut }) {
  const navigate = useNavigate();
  const mayWrite = useMay("links:write");
  const change = useChangeLink();
  const archive = useArchive();
  const name = bare(link.short_url);
  const params = useMemo(() => ({ linkId: String(link.id) }), [link.id]);
  useKeys(
    useMemo(
      () => [
        { keys: "y", label: links.keys.copy, run: () => void copy(link.short_url).then((done) => done && toast(links.made(bare(link.short_url)))) },
        { keys: "q", label: links.keys.qr, run: () => void navigate({ to: "/links/$linkId", params, search: { tab: "qr" } }) },
        ...(mayWrite ? [{ keys: "e", label: links.keys.edit, run: () => void navigate({ to: "/links/$linkId/edit", params }) }] : []),
      ],
      [link.short_url, params, mayWrite, navigate],
    ),
  );
  async function toggle() {
    try {
      const { disabled } = await change.mutateAsync({ link, fields: { disabled: !link.disabled } });
      toast(disabled ? text.disabledDone : text.enabledDone);
    } catch (error) {
      const failed = problem(error);
      toast(failed.status === 412 ? links.changedMeanwhile : failed.message, { kind: "danger" });
    }
  }
  return (
    <div className="mb-5">
      <PageHeader
        tab={name}
        title={
          <span className="flex items-center gap-1">
            <span className="min-w-0 break-all">{name}</span>
            <CopyButton value={link.short_url} label={links.copyLink} />
          </span>
        }
      >
        {mayWrite && (
          <Link to="/links/$linkId/edit" params={params} className={buttonClass()}>
            <Pencil aria-hidden size={15} />
            {links.edit}
          </Link>
        )}
        <a href={href(link.short_url)} target="_blank" rel="noreferrer" className={buttonClass()}>
          <ArrowUpRight aria-hidden size={15} />
          {text.open}
        </a>
        <Menu
          trigger={(parts) => (
            <IconButton {...parts} label={links.more(name)} className="border-line-strong border">
              <EllipsisVertical size={17} />
            </IconButton>
          )}
          items={[
            { label: links.qr, icon: <QrCode size={16} />, onSelect: () => void navigate({ to: "/links/$linkId", params, search: { tab: "qr" } }) },
            ...(mayWrite
              ? [
                  { label: link.disabled ? text.enable : text.disable, icon: <Power size={16} />, onSelect: () => void toggle() },
                  { label: link.archived ? links.unarchive : links.archive, icon: link.archived ? <ArchiveRestore size={16} /> : <Archive size={16} />, onSelect: () => void archive([link], !link.archived) },
                  "line" as const,
                  {
                    label: links.delete,
                    icon: <Trash2 size={16} />,
                    danger: true,
                    onSelect: () => {
                      remove([link]);
                      void navigate({ to: "/links" });
                    },
                  },
                ]
              : []),
          ]}
        />
      </PageHeader>
      {link.title && <p className="-mt-3 mb-1 font-medium break-words">{link.title}</p>}
      <p className="text-muted flex min-w-0 flex-wrap items-center gap-2">
        <a href={href(link.target)} target="_blank" rel="noreferrer" className="max-w-full truncate hover:underline" title={link.target}>
          {bare(link.target)}
        </a>
        <StateBadges link={link} />
        {link.tags.map((tag) => (
          <Link key={tag} to="/links" search={{ tag: [tag] }} className="max-w-full">
            <Badge>
              <span className="max-w-56 truncate">{tag}</span>
            </Badge>
          </Link>
        ))}
      </p>
    </div>
  );
}
