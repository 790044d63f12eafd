import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Failed } from "@/components/Failed";
import { analytics as text } from "@/text/analytics";
import { breakdownOptions } from "./api";
import { BarList } from "./BarList";
import { BarSkeleton } from "./BarSkeleton";
import { type Dimension, type Group, groups } from "./dimensions";
import { ExportMenu } from "./ExportMenu";
import { Jump } from "./Jump";
import { Tabs } from "./Tabs";
import { useView } from "./view";

/** Values that a card shows; all of them are in a dialog. */
const SHOWN = 8;

const tab = (dimension: Dimension): string => (dimension in text.tab ? text.tab[dimension as keyof typeof text.tab] : text.dimension[dimension]);

/** The most frequent values of a dimension, with the related ones behind tabs. */
export function BreakdownCard({ group }: { group: Group }) {
  const { question } = useView();
  const dimensions: readonly Dimension[] = groups[group];
  const [dimension, setDimension] = useState<Dimension>(groups[group][0]);
  // One more than is shown, as one of them may be to have none.
  const { data, error, refetch, isPlaceholderData } = useQuery(breakdownOptions(question, dimension, SHOWN + 1));
  return (
    <section aria-labelledby={`group-${group}`} className="card flex min-w-0 break-inside-avoid flex-col p-3 sm:p-5">
      <header className="mb-2 flex min-h-8 items-center gap-1">
        <h2 id={`group-${group}`} className="min-w-0 flex-1 truncate font-semibold">
          {text.group[group]}
        </h2>
        <Jump patch={{ all: dimension }} aria-label={text.breakdown.allOf(text.dimension[dimension])} className="text-muted hover:bg-raised hover:text-ink rounded-lg px-2 py-1.5 text-xs font-medium print:hidden">
          {text.breakdown.all}
        </Jump>
        <ExportMenu extract={{ what: "breakdown", dimension }} name={dimension} />
      </header>
      <Tabs label={text.group[group]} options={dimensions.map((one) => ({ value: one, label: tab(one) }))} value={dimension} onChange={setDimension}>
        {error && !data ? (
          <Failed error={error} reset={() => void refetch()} />
        ) : data ? (
          <div className={isPlaceholderData ? "opacity-60 transition-opacity" : ""}>
            <BarList dimension={dimension} items={data.items} other={data.other} most={SHOWN} />
          </div>
        ) : (
          <BarSkeleton rows={SHOWN} />
        )}
      </Tabs>
    </section>
  );
}
