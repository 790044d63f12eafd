import { type ReactNode, useMemo } from "react";
import type { Of } from "./api";
import { Breakdowns } from "./Breakdowns";
import { Filters } from "./Filters";
import { period } from "./format";
import { Numbers } from "./Numbers";
import { SeriesCard } from "./SeriesCard";
import { SeveralButton } from "./SeveralButton";
import { ShareButton } from "./ShareButton";
import { StagingContext } from "./staging";
import { StatisticsSkeleton } from "./StatisticsSkeleton";
import { Toolbar } from "./Toolbar";
import { useStaged } from "./useStaged";
import { useReadView, ViewContext } from "./view";

/**
 * The statistics of a link, a tag, a domain, all of the workspace, or of what a share shows. What they are of which time lies in
 * the page's address: its route validates that with `validateSearch`. `children` stand at the end of the bar of choices.
 */
export function Statistics({ of, children }: { of: Of; children?: ReactNode }) {
  const view = useReadView(of);
  const { staged, several, toggle, setSeveral, discard, apply } = useStaged(view?.filters);
  const staging = useMemo(() => ({ staged, several, toggle }), [staged, several, toggle]);
  if (!view) return <StatisticsSkeleton />;
  return (
    <ViewContext value={view}>
      <StagingContext value={staging}>
        <div className="space-y-4">
          {/* On paper there is nothing to choose, but it says what was. */}
          <p className="text-muted hidden print:block">{period(view.range, view.zone)}</p>
          <Toolbar>
            <SeveralButton on={several} onChange={setSeveral} />
            {children}
            {"link" in of && <ShareButton link={of.link} />}
          </Toolbar>
          <Filters several={several} staged={staged} onApply={apply} onDiscard={discard} />
          <Numbers />
          <SeriesCard />
          <Breakdowns />
        </div>
      </StagingContext>
    </ViewContext>
  );
}
