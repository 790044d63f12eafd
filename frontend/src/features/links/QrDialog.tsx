import { Link } from "@tanstack/react-router";
import type { LinkOut } from "@/api/generated";
import { buttonClass } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { bare } from "@/lib/format";
import { link as page } from "@/text/link";
import { links as text } from "@/text/links";
import { Qr, scanned } from "./Qr";

/** A link's code at once, and the way to the one with colours and a logo. */
export function QrDialog({ link, onClose }: { link: LinkOut; onClose: () => void }) {
  return (
    <Dialog
      title={text.qr}
      width="small"
      onClose={onClose}
      footer={
        <Link to="/links/$linkId" params={{ linkId: String(link.id) }} search={{ tab: "qr" }} className={buttonClass({ look: "primary" })}>
          {page.qr.design}
        </Link>
      }
    >
      <Qr value={scanned(link.short_url)} label={page.qr.of(bare(link.short_url))} className="border-line mx-auto w-full max-w-64 border" />
      <p className="mt-3 flex items-center justify-center gap-1 font-medium">
        <span className="min-w-0 break-all">{bare(link.short_url)}</span>
        <CopyButton value={link.short_url} label={text.copyLink} />
      </p>
    </Dialog>
  );
}
