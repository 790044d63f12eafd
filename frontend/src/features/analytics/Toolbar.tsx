import { ChevronLeft, ChevronRight } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { IconButton } from "@/components/IconButton";
import { useKeys } from "@/lib/keys";
import { analytics as text } from "@/text/analytics";
import { period } from "./format";
import { moved, spoken } from "./range";
import { RangeChoice } from "./RangeChoice";
import type { Comparison } from "./search";
import { useGo } from "./useGo";
import { useView } from "./view";

/** Of which time the statistics are, with what they are compared, and in which zone. */
export function Toolbar({ children }: { children?: ReactNode }) {
  const { range, zone, search, before, now } = useView();
  const go = useGo();
  const last = range.until >= now;
  const step = useMemo(
    () => (steps: number) => {
      go({ ...spoken(moved(range, zone, steps)) });
    },
    [go, range, zone],
  );
  const { compare } = search;
  useKeys(
    useMemo(
      () => [
        {
          keys: "x",
          label: text.compare.toggle,
          run: () => {
            go({ compare: compare ? undefined : "previous" });
          },
        },
      ],
      [go, compare],
    ),
  );
  return (
    <div className="flex flex-wrap items-center gap-2 print:hidden">
      <div className="flex min-w-0 items-center">
        <IconButton label={text.range.earlier} onClick={() => { step(-1); }}>
          <ChevronLeft size={18} />
        </IconButton>
        <RangeChoice />
        <IconButton label={text.range.later} disabled={last} onClick={() => { step(1); }}>
          <ChevronRight size={18} />
        </IconButton>
      </div>
      <select
        aria-label={text.compare.label}
        className="input w-auto max-w-full pr-8"
        value={compare ?? ""}
        onChange={({ target }) => {
          go({ compare: (target.value || undefined) as Comparison | undefined });
        }}
      >
        <option value="">{text.compare.off}</option>
        <option value="previous">{text.compare.previous}</option>
        <option value="weekdays">{text.compare.weekdays}</option>
      </select>
      {before && <p className="text-muted text-xs">{text.compare.against(period(before.range, zone))}</p>}
      {children && <div className="ml-auto flex items-center gap-1">{children}</div>}
    </div>
  );
}
