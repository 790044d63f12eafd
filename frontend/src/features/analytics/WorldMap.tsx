import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import world from "virtual:world";
import { Failed } from "@/components/Failed";
import { number } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { breakdownOptions } from "./api";
import { toggled } from "./filters";
import { Jump } from "./Jump";
import { MAP_BOX } from "./mapBox";
import { nameOf } from "./names";
import { useStaging } from "./staging";
import { useView } from "./view";

/** There are no more countries. */
const ALL = 300;
const FAINTEST = 0.18;

/**
 * Where clicks come from, the darker the more. Each country filters by it, as its bar does: the bars are what there is for those
 * who don't see the map, or go by keys, so it is left out for them.
 */
export function WorldMap() {
  const { question, filters } = useView();
  const { several, staged, toggle } = useStaging();
  const { data, error, refetch } = useQuery(breakdownOptions(question, "country", ALL));
  const [over, setOver] = useState<string>();
  if (error && !data) return <Failed error={error} reset={() => void refetch()} />;
  const counts = new Map(data?.items.map(({ value, clicks }) => [value ?? "", clicks]));
  const known = [...counts].filter(([code, clicks]) => code && clicks > 0).map(([, clicks]) => clicks);
  const most = Math.max(1, ...known);
  // By roots: most countries have few clicks of those that the first one has.
  const strength = (clicks: number) => FAINTEST + (1 - FAINTEST) * Math.sqrt(clicks / most);
  return (
    <div className="relative">
      <svg aria-hidden viewBox={`0 0 ${world.width} ${world.height}`} className={MAP_BOX}>
        {world.countries.map(([code, path], index) => {
          // A place that nobody knows is no place of the map that has no code.
          const clicks = code ? (counts.get(code) ?? 0) : 0;
          const filter = `country:${code}`;
          const chosen = filters.includes(filter) || staged.includes(filter);
          const shape = (
            <>
              <path d={path} className="fill-raised stroke-card" strokeWidth={0.75} />
              {clicks > 0 && <path d={path} className={`fill-accent ${chosen ? "stroke-ink" : "stroke-card"} hover:stroke-ink`} strokeWidth={chosen ? 1.5 : 0.75} fillOpacity={strength(clicks)} />}
            </>
          );
          if (clicks === 0) return <g key={index}>{shape}</g>;
          const next = toggled(filters, filter);
          return (
            <Jump
              key={index}
              patch={{ filter: next.length ? next : undefined }}
              tabIndex={-1}
              onPointerEnter={() => {
                setOver(code);
              }}
              onPointerLeave={() => {
                setOver(undefined);
              }}
              onClick={(event) => {
                if (!event.shiftKey && !several) return;
                event.preventDefault();
                toggle(filter);
              }}
            >
              {shape}
            </Jump>
          );
        })}
      </svg>
      <p aria-hidden className="text-muted absolute bottom-0 left-0 text-xs">
        {over ? (
          <span className="bg-card text-ink border-line rounded-lg border px-2 py-1 text-sm shadow">
            {nameOf("country", over).name} <b className="font-semibold tabular-nums">{number(counts.get(over) ?? 0)}</b>
          </span>
        ) : (
          data && known.length === 0 && text.map.none
        )}
      </p>
    </div>
  );
}
