import { useState } from "react";
import type { Bucket } from "@/api/generated";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { point } from "./format";
import { useView } from "./view";

/** What the chart shows, for those who would rather read it. Its rows are made when it is opened. */
export function ChartTable({ buckets, before }: { buckets: readonly Bucket[]; before?: readonly Bucket[] | undefined }) {
  const { interval, zone } = useView();
  const [open, setOpen] = useState(false);
  return (
    <details
      className="mt-2"
      onToggle={({ currentTarget }) => {
        setOpen(currentTarget.open);
      }}
    >
      <summary className="text-muted hover:text-ink w-fit text-xs leading-6">{text.chart.table}</summary>
      {open && (
        // Scrolled by keys too, and so it can be reached by them.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div tabIndex={0} role="region" aria-label={text.chart.table} className="border-line mt-2 max-h-80 overflow-auto rounded-lg border print:max-h-none">
          <table className="w-full text-right tabular-nums">
            <thead className="bg-raised sticky top-0 text-xs">
              <tr>
                <th scope="col" className="px-3 py-2 text-left font-medium">{text.chart.when}</th>
                <th scope="col" className="px-3 py-2 font-medium">{text.clicks}</th>
                <th scope="col" className="px-3 py-2 font-medium">{text.visitors}</th>
                <th scope="col" className="px-3 py-2 font-medium">{text.bots}</th>
                {before && <th scope="col" className="px-3 py-2 font-medium">{text.previous}</th>}
              </tr>
            </thead>
            <tbody>
              {buckets.map((bucket, index) => (
                <tr key={bucket.start} className="border-line border-t">
                  <th scope="row" className="px-3 py-1.5 text-left font-normal">{point(new Date(bucket.start), interval, zone)}</th>
                  <td className="px-3 py-1.5">{number(bucket.clicks)}</td>
                  <td className="px-3 py-1.5">{number(bucket.visitors)}</td>
                  <td className="px-3 py-1.5">{number(bucket.bots)}</td>
                  {before && <td className="px-3 py-1.5">{number(before[index]?.clicks ?? 0)}</td>}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
