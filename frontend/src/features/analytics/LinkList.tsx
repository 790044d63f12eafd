import type { GinnelStatsAskingCounts as Counts } from "@/api/generated";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { LinkBar } from "./LinkBar";
import type { Followed } from "./links";

/** Links as bars, each of which leads to the link's own page; then what the others add up to. */
export function LinkList({ items, other }: { items: readonly Followed[]; other?: Counts | undefined }) {
  if (items.length === 0) return <p className="text-muted flex min-h-24 items-center justify-center">{text.breakdown.none}</p>;
  const longest = Math.max(...items.map(({ clicks }) => clicks));
  const rest = other?.clicks ?? 0;
  const total = items.reduce((sum, { clicks }) => sum + clicks, rest);
  return (
    <ul aria-label={text.links.heading} className="space-y-0.5">
      {items.map((item) => (
        <LinkBar key={item.value} item={item} length={item.clicks / longest} share={item.clicks / total} />
      ))}
      {rest > 0 && (
        <li className="text-muted flex h-8 items-center justify-between px-2">
          {text.breakdown.other}
          <span className="tabular-nums">{number(rest)}</span>
        </li>
      )}
    </ul>
  );
}
