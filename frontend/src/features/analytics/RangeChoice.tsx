import { CalendarDays } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { buttonClass } from "@/components/Button";
import { Menu } from "@/components/Menu";
import { useKeys } from "@/lib/keys";
import { analytics as text } from "@/text/analytics";
import { period } from "./format";
import { FALLBACK } from "./range";
import { type Preset, presets } from "./search";
import { useGo } from "./useGo";
import { useView } from "./view";

const RangeDialog = lazy(async () => ({ default: (await import("./RangeDialog")).RangeDialog }));

/** The key of each: its first letter or number, where another doesn't have it. */
const KEYS: Record<Preset, string> = { "today": "t", "yesterday": "y", "7d": "7", "30d": "3", "90d": "9", "month": "m", "last-month": "l", "12m": "1", "all": "a" };

/** A button that says which time is shown, and offers others. */
export function RangeChoice() {
  const { range, zone, search } = useView();
  const go = useGo();
  const [choosing, setChoosing] = useState(false);
  const choices = useMemo(
    () =>
      presets.map((preset) => ({
        keys: KEYS[preset],
        label: text.range[preset],
        run: () => {
          go({ range: preset === FALLBACK ? undefined : preset, from: undefined, to: undefined, interval: undefined });
        },
      })),
    [go],
  );
  useKeys(choices);
  const preset = search.from ? undefined : (search.range ?? FALLBACK);
  return (
    <>
      <Menu
        trigger={(parts) => (
          <button {...parts} className={`${buttonClass()} min-w-0 shrink`}>
            <CalendarDays aria-hidden size={16} className="shrink-0" />
            <span className="truncate">{preset ? text.range[preset] : period(range, zone)}</span>
            {preset && <span className="text-muted hidden text-xs font-normal sm:inline">{period(range, zone)}</span>}
          </button>
        )}
        items={[
          ...choices.map(({ keys, label, run }) => ({ label, shortcut: keys.toUpperCase(), onSelect: run })),
          "line",
          {
            label: text.range.custom,
            onSelect: () => {
              setChoosing(true);
            },
          },
        ]}
      />
      {choosing && (
        <Suspense>
          <RangeDialog
            onClose={() => {
              setChoosing(false);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
