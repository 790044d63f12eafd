import { X } from "lucide-react";
import { useMemo } from "react";
import { Button } from "@/components/Button";
import { Key } from "@/components/Key";
import { useKeys } from "@/lib/keys";
import { analytics as text } from "@/text/analytics";
import { negated, read } from "./filters";
import { Jump } from "./Jump";
import { nameOf, spokenFilter } from "./names";
import { useGo } from "./useGo";
import { useView } from "./view";

const CHIP = "border-line-strong bg-card inline-flex min-w-0 max-w-full items-center overflow-hidden rounded-full border text-xs";

/** A filter, which can be turned into its opposite, and removed. */
function Chip({ written }: { written: string }) {
  const { filters } = useView();
  const filter = read(written);
  if (!filter) return null;
  const spoken = spokenFilter(filter);
  const left = filters.filter((other) => other !== written);
  return (
    <li className={CHIP}>
      <Jump patch={{ filter: negated(filters, written) }} aria-label={text.filter.negate(spoken)} className="hover:bg-raised flex min-w-0 items-center gap-1 py-1.5 pr-1 pl-3">
        <span className="text-muted shrink-0">{text.dimension[filter.dimension]}</span>
        <span className={filter.negated ? "text-danger shrink-0 font-medium" : "text-muted shrink-0"}>{filter.negated ? text.filter.isNot : text.filter.is}</span>
        <span className="truncate font-medium">{nameOf(filter.dimension, filter.value).name}</span>
      </Jump>
      <Jump patch={{ filter: left.length ? left : undefined }} aria-label={text.filter.remove(spoken)} className="hover:bg-raised flex shrink-0 items-center py-2 pr-2.5 pl-1.5">
        <X size={13} />
      </Jump>
    </li>
  );
}

/** Which clicks are shown, and which were chosen to be. */
export function Filters({ several, staged, onApply, onDiscard }: { several: boolean; staged: readonly string[]; onApply: () => void; onDiscard: () => void }) {
  const { filters } = useView();
  const go = useGo();
  const chosen = staged.length > 0;
  const any = filters.length > 0;
  useKeys(
    useMemo(
      () => [
        ...(chosen ? [{ keys: "Enter", label: text.filter.apply, run: onApply }] : []),
        ...(chosen || several ? [{ keys: "Escape", label: text.filter.discard, run: onDiscard }] : []),
        ...(any && !chosen && !several ? [{ keys: "Escape", label: text.filter.clear, run: () => { go({ filter: undefined }); } }] : []),
      ],
      [chosen, several, any, onApply, onDiscard, go],
    ),
  );
  if (!any && !chosen && !several) return null;
  return (
    <section aria-label={text.filter.label} className="flex flex-wrap items-center gap-2">
      {any && (
        <ul aria-label={text.filter.label} className="flex min-w-0 flex-wrap gap-2">
          {filters.map((written) => (
            <Chip key={written} written={written} />
          ))}
        </ul>
      )}
      {any && (
        <Jump patch={{ filter: undefined }} className="text-muted hover:text-ink text-xs underline underline-offset-4 print:hidden">
          {text.filter.clear}
        </Jump>
      )}
      {(chosen || several) && (
        <div role="status" className="bg-card border-line-strong fixed inset-x-4 bottom-4 z-20 mx-auto flex max-w-md items-center gap-2 rounded-xl border p-2 pl-4 shadow-xl print:hidden">
          <p className="flex-1 font-medium">{text.filter.staged(staged.length)}</p>
          <Button size="small" look="quiet" onClick={onDiscard}>
            {text.filter.discard} <Key>Esc</Key>
          </Button>
          <Button size="small" look="primary" disabled={!chosen} onClick={onApply}>
            {text.filter.apply}
          </Button>
        </div>
      )}
    </section>
  );
}
