import { useQuery } from "@tanstack/react-query";
import { Failed } from "@/components/Failed";
import { analytics as text } from "@/text/analytics";
import { breakdownOptions } from "./api";
import { BarSkeleton } from "./BarSkeleton";
import { LINK } from "./dimensions";
import { ExportMenu } from "./ExportMenu";
import { Jump } from "./Jump";
import { LinkList } from "./LinkList";
import { followed } from "./links";
import { useView } from "./view";

/** Links that a card shows; all of them are in a dialog. */
const SHOWN = 8;

/** The links that were followed most, of a workspace, a tag or a domain. */
export function LinksCard() {
  const { question } = useView();
  const { data, error, refetch, isPlaceholderData } = useQuery(breakdownOptions(question, LINK, SHOWN));
  return (
    <section aria-labelledby="most-followed" className="card flex min-w-0 break-inside-avoid flex-col p-3 sm:p-5">
      <header className="mb-2 flex min-h-8 items-center gap-1">
        <h2 id="most-followed" className="min-w-0 flex-1 truncate font-semibold">
          {text.links.heading}
        </h2>
        <Jump patch={{ all: LINK }} aria-label={text.breakdown.allOf(text.links.heading)} className="text-muted hover:bg-raised hover:text-ink rounded-lg px-2 py-1.5 text-xs font-medium print:hidden">
          {text.breakdown.all}
        </Jump>
        <ExportMenu extract={{ what: "breakdown", dimension: LINK }} name={LINK} />
      </header>
      {error && !data ? (
        <Failed error={error} reset={() => void refetch()} />
      ) : data ? (
        <div className={isPlaceholderData ? "opacity-60 transition-opacity" : ""}>
          <LinkList items={followed(data.items)} other={data.other} />
        </div>
      ) : (
        <BarSkeleton rows={SHOWN} />
      )}
    </section>
  );
}
