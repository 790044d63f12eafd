import { components as text } from "@/text/components";
import { BOX } from "./Chart";

/** As large as what comes in its place. */
export function StatisticsSkeleton() {
  return (
    <div role="status" aria-label={text.loading} className="space-y-4">
      <div className="skeleton h-9" />
      <div className="skeleton h-24" />
      <div className={`skeleton ${BOX}`} />
      <div className="grid gap-4 md:grid-cols-2">
        <div className="skeleton h-96" />
        <div className="skeleton h-96" />
      </div>
    </div>
  );
}
