import { useQuery } from "@tanstack/react-query";
import { Pencil, Search, Tag, Trash2 } from "lucide-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { TagOut } from "@/api/generated";
import { getTagsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { useMay } from "@/api/may";
import { Empty } from "@/components/Empty";
import { Failed } from "@/components/Failed";
import { IconButton } from "@/components/IconButton";
import { PageSkeleton } from "@/components/PageSkeleton";
import { number } from "@/lib/format";
import { tags as text } from "@/text/tags";
import { RemoveTag } from "./RemoveTag";
import { TagForm } from "./TagForm";

/** From how many on there is a field to find one. */
const MANY = 12;

/** All tags, with how many links have each. */
export function TagList() {
  const { data, error, isPending, refetch } = useQuery(getTagsOptions());
  const mayWrite = useMay("links:write");
  const [open, setOpen] = useState<{ tag: TagOut; what: "rename" | "remove" } | null>(null);
  const [wanted, setWanted] = useState("");
  const close = () => {
    setOpen(null);
  };
  if (isPending) return <PageSkeleton />;
  if (!data) return <Failed error={error} reset={() => void refetch()} />;
  if (data.items.length === 0)
    return (
      <Empty icon={<Tag size={28} />} title={text.noneYet}>
        {text.noneYetHint}
      </Empty>
    );
  const shown = data.items.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <>
      {data.items.length > MANY && (
        <div className="relative mb-3">
          <Search aria-hidden size={16} className="text-muted pointer-events-none absolute top-2.5 left-3" />
          <input
            type="search"
            aria-label={text.find}
            placeholder={text.find}
            value={wanted}
            className="input pl-9"
            onChange={(event) => {
              setWanted(event.target.value);
            }}
          />
        </div>
      )}
      {shown.length === 0 && <Empty title={text.noneMatch} />}
      {shown.length > 0 && (
        <ul aria-label={text.title} className="card divide-line divide-y">
          {shown.map((tag) => (
            <li key={tag.id} className="flex min-h-14 items-center gap-2 px-4 py-1.5">
              <Link to="/links" search={{ tag: [tag.name] }} className="min-w-0 flex-1 truncate font-medium hover:underline">
                {tag.name}
              </Link>
              <span className="text-muted shrink-0 tabular-nums">{text.links(tag.links, number(tag.links))}</span>
              {mayWrite && (
                <span className="flex">
                  <IconButton label={text.renameOf(tag.name)} onClick={() => { setOpen({ tag, what: "rename" }); }}>
                    <Pencil size={16} />
                  </IconButton>
                  <IconButton label={text.removeOf(tag.name)} onClick={() => { setOpen({ tag, what: "remove" }); }}>
                    <Trash2 size={16} />
                  </IconButton>
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      {open?.what === "rename" && <TagForm tag={open.tag} onClose={close} />}
      {open?.what === "remove" && <RemoveTag tag={open.tag} onClose={close} />}
    </>
  );
}
