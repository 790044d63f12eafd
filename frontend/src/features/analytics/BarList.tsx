import type { GinnelStatsAskingCounts as Counts, Share } from "@/api/generated";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { Bar } from "./Bar";
import type { Dimension } from "./dimensions";

/** Of these to have none is the rule, and would dwarf the rest. */
const OFTEN_NONE: readonly Dimension[] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "bot"];

/** A dimension's values as bars, each a link that filters by it; then what the others add up to. */
export function BarList({ dimension, items, other, most = Infinity }: { dimension: Dimension; items: readonly Share[]; other?: Counts | undefined; most?: number }) {
  const kind = dimension === "bot" ? "bots" : "clicks";
  const apart = OFTEN_NONE.includes(dimension);
  const counted = items.filter((item) => item[kind] > 0);
  const values = counted.filter(({ value }) => !apart || value !== null);
  const bars = values.slice(0, most);
  const without = apart && kind === "clicks" ? counted.find(({ value }) => value === null) : undefined;
  const rest = (other?.[kind] ?? 0) + values.slice(most).reduce((sum, item) => sum + item[kind], 0);
  const longest = Math.max(1, ...bars.map((item) => item[kind]));
  const total = bars.reduce((sum, item) => sum + item[kind], rest + (without?.clicks ?? 0));
  return (
    <>
      {bars.length > 0 ? (
        <ul aria-label={text.dimension[dimension]} className="space-y-0.5">
          {bars.map((item) => (
            <Bar key={item.value ?? ""} dimension={dimension} value={item.value ?? ""} count={item[kind]} visitors={item.visitors} length={item[kind] / longest} share={item[kind] / Math.max(total, 1)} />
          ))}
          {rest > 0 && (
            <li className="text-muted flex h-8 items-center justify-between px-2">
              {text.breakdown.other}
              <span className="tabular-nums">{number(rest)}</span>
            </li>
          )}
        </ul>
      ) : (
        <p className="text-muted flex min-h-24 items-center justify-center">{text.breakdown.none}</p>
      )}
      {without && <p className="text-muted mt-1 px-2 text-xs">{text.breakdown.without(number(without.clicks))}</p>}
    </>
  );
}
