import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import type { LinkOut } from "@/api/generated";
import { copy } from "@/lib/copy";
import { toast } from "@/lib/toast";
import { bare } from "@/lib/format";
import { links as text } from "@/text/links";
import { remove } from "./removal";
import { useArchive } from "./useArchive";

export interface RowActions {
  edit: (link: LinkOut) => void;
  copy: (link: LinkOut) => void;
  qr: (link: LinkOut) => void;
  statistics: (link: LinkOut) => void;
  archive: (link: LinkOut) => void;
  remove: (link: LinkOut) => void;
}

/** What can be done with one link, by its row's menu and its keys alike. */
export function useRowActions(onQr: (link: LinkOut) => void): RowActions {
  const navigate = useNavigate();
  const archive = useArchive();
  return useMemo(
    () => ({
      edit: (link) => void navigate({ to: "/links/$linkId/edit", params: { linkId: String(link.id) } }),
      copy: (link) => void copy(link.short_url).then((done) => done && toast(text.made(bare(link.short_url)))),
      qr: onQr,
      statistics: (link) => void navigate({ to: "/links/$linkId", params: { linkId: String(link.id) } }),
      archive: (link) => void archive([link], !link.archived),
      remove: (link) => {
        remove([link]);
      },
    }),
    [navigate, archive, onQr],
  );
}
