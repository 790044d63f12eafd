import { useId, useState } from "react";
import { useWatch } from "react-hook-form";
import type { Preview } from "@/api/generated";
import { bare } from "@/lib/format";
import { Qr, scanned } from "@/features/links/Qr";
import { address } from "@/features/links/target";
import { builder as text } from "@/text/builder";
import type { Fields } from "./fields";
import { type CardLook, SocialCard } from "./SocialCard";

const LOOKS = ["large", "small", "message"] as const satisfies readonly CardLook[];

/** What comes of what is typed: the short link, the card and the code. */
export function LivePreview({ page, unread, defaultDomain, scheme }: { page: Preview | undefined; unread: boolean; defaultDomain: string; scheme: string }) {
  const fields = useWatch<Fields>();
  const [look, setLook] = useState<CardLook>("large");
  const group = useId();
  const slug = fields.slug?.trim() ?? "";
  // The form's empty choice is the default.
  const host = [fields.domain, defaultDomain].find(Boolean) ?? "";
  const url = `${scheme}//${host}/${slug}`;
  const target = address(fields.target ?? "");
  // Without a card of its own the link shows the target's.
  const own = Boolean(fields.description?.trim() ?? "") || Boolean(fields.image?.trim() ?? "");
  const card = {
    host: own || !target ? host : (URL.parse(target)?.hostname ?? host),
    title: fields.title?.trim() ? fields.title.trim() : (page?.title ?? ""),
    description: fields.description?.trim() ? fields.description.trim() : own ? "" : (page?.description ?? ""),
    image: fields.image?.trim() ? fields.image.trim() : own ? "" : (page?.image ?? ""),
  };
  return (
    <aside aria-label={text.preview} className="card space-y-5 p-4 lg:sticky lg:top-20 lg:self-start">
      <p className="text-lg font-semibold break-all" aria-live="off">
        {bare(`${scheme}//${host}`)}/<span className={slug ? "text-accent" : "text-muted font-normal italic"}>{slug || text.previewSlug}</span>
      </p>
      <div>
        <fieldset className="mb-3 flex gap-1">
          <legend className="sr-only">{text.look}</legend>
          {LOOKS.map((one) => (
            <label key={one} className="has-checked:bg-raised has-focus-visible:outline-accent flex-1 cursor-pointer rounded-lg px-2 py-1.5 text-center text-xs font-medium has-focus-visible:outline-2">
              <input
                type="radio"
                name={group}
                checked={look === one}
                className="sr-only"
                onChange={() => {
                  setLook(one);
                }}
              />
              {text.looks[one]}
            </label>
          ))}
        </fieldset>
        <SocialCard card={card} look={look} />
        {unread && <p className="text-muted mt-2 text-xs">{text.pageUnread}</p>}
      </div>
      <div>
        <Qr value={scanned(url)} label={text.qr} className={`border-line mx-auto w-36 border ${slug ? "" : "opacity-25"}`} />
        {!slug && <p className="text-muted mt-2 text-center text-xs">{text.qrLater}</p>}
      </div>
    </aside>
  );
}
