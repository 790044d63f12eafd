import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import { useEffect, useRef } from "react";
import type { LinkOut } from "@/api/generated";
import { Button, buttonClass } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { bare } from "@/lib/format";
import { Qr, scanned } from "@/features/links/Qr";
import { builder as text } from "@/text/builder";
import { links } from "@/text/links";

/** A link that has just been made: it is copied already, and another one is a key away. */
export function Made({ link, copied, onAnother }: { link: LinkOut; copied: boolean; onAnother: () => void }) {
  const another = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    another.current?.focus();
  }, []);
  return (
    <section aria-label={text.made} className="card mx-auto flex max-w-xl flex-col items-center gap-4 p-6 text-center sm:p-10">
      <p role="status" className="text-good flex items-center gap-2 font-medium">
        <Check aria-hidden size={18} />
        {text.made}. {copied && text.copied}
      </p>
      <p className="flex max-w-full items-center gap-1 text-xl font-semibold sm:text-2xl">
        <span className="min-w-0 break-all">{bare(link.short_url)}</span>
        <CopyButton value={link.short_url} label={links.copyLink} />
      </p>
      <p className="text-muted max-w-full truncate">{link.title ?? bare(link.target)}</p>
      <Qr value={scanned(link.short_url)} label={text.qr} className="border-line w-44 border" />
      <div className="flex flex-wrap justify-center gap-2">
        <Button ref={another} look="primary" onClick={onAnother}>
          {text.another}
        </Button>
        <Link to="/links/$linkId/edit" params={{ linkId: String(link.id) }} className={buttonClass()}>
          {text.show}
        </Link>
        <Link to="/links/$linkId" params={{ linkId: String(link.id) }} className={buttonClass()}>
          {text.toLink}
        </Link>
      </div>
    </section>
  );
}
