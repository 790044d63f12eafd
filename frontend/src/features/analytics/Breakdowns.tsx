import { lazy, Suspense } from "react";
import { analytics as text } from "@/text/analytics";
import { BreakdownCard } from "./BreakdownCard";
import { type Group, groups, LINK } from "./dimensions";
import { LinksCard } from "./LinksCard";
import { LivePanel } from "./LivePanel";
import { MAP_BOX } from "./mapBox";
import { useView } from "./view";

const AllLinks = lazy(async () => ({ default: (await import("./AllLinks")).AllLinks }));
const AllValues = lazy(async () => ({ default: (await import("./AllValues")).AllValues }));
const WorldMap = lazy(async () => ({ default: (await import("./WorldMap")).WorldMap }));

/** By what clicks are told apart, a card each. */
export function Breakdowns() {
  const { search, of, range, now } = useView();
  // Who was shown a link's numbers was not shown its single clicks.
  const live = !("shared" in of) && range.until > now;
  const several = !("shared" in of || "link" in of);
  return (
    <>
      <div className={live ? "grid gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)] print:block" : ""}>
        <section aria-labelledby="world-map" className="card min-w-0 p-3 sm:p-5">
          <h2 id="world-map" className="mb-1 flex min-h-8 items-center font-semibold">
            {text.map.heading}
          </h2>
          <Suspense fallback={<div className={`skeleton ${MAP_BOX}`} />}>
            <WorldMap />
          </Suspense>
        </section>
        {live && <LivePanel />}
      </div>
      <div className="grid gap-4 md:grid-cols-2 print:grid-cols-2">
        {several && <LinksCard />}
        {(Object.keys(groups) as Group[]).map((group) => (
          <BreakdownCard key={group} group={group} />
        ))}
      </div>
      {search.all && (
        <Suspense>
          {search.all === LINK ? several && <AllLinks /> : <AllValues dimension={search.all} />}
        </Suspense>
      )}
    </>
  );
}
