import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Dialog } from "@/components/Dialog";
import { Failed } from "@/components/Failed";
import { analytics as text } from "@/text/analytics";
import { breakdownOptions, MOST } from "./api";
import { BarSkeleton } from "./BarSkeleton";
import { LINK } from "./dimensions";
import { LinkList } from "./LinkList";
import { followed, nameOfLink } from "./links";
import { useGo } from "./useGo";
import { useView } from "./view";

/** All links that were followed, searched by address and title. */
export function AllLinks() {
  const { question } = useView();
  const go = useGo();
  const [wanted, setWanted] = useState("");
  const { data, error, refetch } = useQuery(breakdownOptions(question, LINK, MOST));
  const found = data && followed(data.items).filter((item) => {
    const { name, title } = nameOfLink(item);
    return `${name} ${title ?? ""}`.toLowerCase().includes(wanted.trim().toLowerCase());
  });
  return (
    <Dialog title={text.breakdown.allOf(text.links.heading)} onClose={() => { go({ all: undefined }); }}>
      <input type="search" aria-label={text.breakdown.search} placeholder={text.breakdown.search} className="input mb-3" value={wanted} onChange={({ target }) => { setWanted(target.value); }} />
      {error && !data ? (
        <Failed error={error} reset={() => void refetch()} />
      ) : !found ? (
        <BarSkeleton rows={10} />
      ) : found.length === 0 && wanted ? (
        <p className="text-muted py-6 text-center">{text.breakdown.noneFound}</p>
      ) : (
        <LinkList items={found} other={wanted ? undefined : data.other} />
      )}
      {data?.items.length === MOST && <p className="text-muted mt-3 text-xs">{text.breakdown.most}</p>}
    </Dialog>
  );
}
