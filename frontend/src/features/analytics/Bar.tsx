import { Check } from "lucide-react";
import { number, percent } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import type { Dimension } from "./dimensions";
import { toggled, write } from "./filters";
import { Jump } from "./Jump";
import { nameOf, spokenFilter } from "./names";
import { useStaging } from "./staging";
import { useView } from "./view";

/** A value's bar: a link that adds it to the filters, or takes it out; with Shift it is chosen, to be applied with others. */
export function Bar({ dimension, value, count, visitors, length, share }: { dimension: Dimension; value: string; count: number; visitors: number; length: number; share: number }) {
  const { filters } = useView();
  const { staged, several, toggle } = useStaging();
  const filter = write({ dimension, value, negated: false });
  const next = toggled(filters, filter);
  const applied = filters.includes(filter);
  const chosen = staged.includes(filter);
  const { name, within } = nameOf(dimension, value);
  return (
    <li>
      <Jump
        patch={{ filter: next.length ? next : undefined, all: undefined }}
        aria-label={`${applied ? text.filter.remove(spokenFilter({ dimension, value, negated: false })) : text.filter.add(name)}${within ? ` (${within})` : ""}: ${number(count)}`}
        aria-current={applied || chosen ? "true" : undefined}
        title={`${text.clicks} ${number(count)} (${percent(share)}), ${text.visitors} ${number(visitors)}`}
        className={`hover:bg-raised relative flex h-8 min-w-0 items-center gap-2 overflow-hidden rounded-md px-2 -outline-offset-2 ${chosen ? "ring-accent ring-2 ring-inset" : ""}`}
        onKeyDown={(event) => {
          // On a bar, Enter chooses it too; elsewhere it applies what was chosen.
          if (event.key !== "Enter" || (!event.shiftKey && !several)) return;
          event.preventDefault();
          event.stopPropagation();
          toggle(filter);
        }}
        onClick={(event) => {
          if (!event.shiftKey && !several) return;
          event.preventDefault();
          toggle(filter);
        }}
      >
        <span aria-hidden className={`absolute inset-y-0.5 left-0 rounded ${applied || chosen ? "bg-accent/25" : "bg-accent-soft"}`} style={{ width: `${Math.max(length * 100, 0.5)}%` }} />
        <span className="relative flex min-w-0 flex-1 items-baseline gap-1.5">
          {(applied || chosen) && <Check aria-hidden size={14} className="shrink-0 self-center" />}
          <span className="truncate">{name}</span>
          {within && <span className="text-muted shrink-0 text-xs">{within}</span>}
        </span>
        <span className="relative font-medium tabular-nums">{number(count)}</span>
      </Jump>
    </li>
  );
}
