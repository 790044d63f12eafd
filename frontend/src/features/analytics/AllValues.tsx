import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Dialog } from "@/components/Dialog";
import { Failed } from "@/components/Failed";
import { analytics as text } from "@/text/analytics";
import { breakdownOptions, MOST } from "./api";
import { BarList } from "./BarList";
import { BarSkeleton } from "./BarSkeleton";
import type { Dimension } from "./dimensions";
import { nameOf } from "./names";
import { useGo } from "./useGo";
import { useView } from "./view";

/** All values of a dimension, searched by what they are called. */
export function AllValues({ dimension }: { dimension: Dimension }) {
  const { question } = useView();
  const go = useGo();
  const [wanted, setWanted] = useState("");
  const { data, error, refetch } = useQuery(breakdownOptions(question, dimension, MOST));
  const fits = (value: string | null) => {
    const { name, within = "" } = nameOf(dimension, value ?? "");
    return `${name} ${within} ${value ?? ""}`.toLowerCase().includes(wanted.trim().toLowerCase());
  };
  const found = data?.items.filter(({ value }) => fits(value));
  return (
    <Dialog title={text.breakdown.allOf(text.dimension[dimension])} onClose={() => { go({ all: undefined }); }}>
      <input type="search" aria-label={text.breakdown.search} placeholder={text.breakdown.search} className="input mb-3" value={wanted} onChange={({ target }) => { setWanted(target.value); }} />
      {error && !data ? (
        <Failed error={error} reset={() => void refetch()} />
      ) : !found ? (
        <BarSkeleton rows={10} />
      ) : found.length === 0 && wanted ? (
        <p className="text-muted py-6 text-center">{text.breakdown.noneFound}</p>
      ) : (
        <BarList dimension={dimension} items={found} other={wanted ? undefined : data?.other} />
      )}
      {data?.items.length === MOST && <p className="text-muted mt-3 text-xs">{text.breakdown.most}</p>}
    </Dialog>
  );
}
