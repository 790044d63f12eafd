import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useFault } from "./faults";

/** A part of the form that most links don't need: folded, unless it says something or something is wrong in it. */
export function Section({ title, hint, used, fields, children }: { title: string; hint?: string; used: boolean; fields: readonly string[]; children: ReactNode }) {
  const [open, setOpen] = useState(used);
  const fault = useFault(...fields);
  return (
    <details
      open={open || fault !== undefined}
      onToggle={(event) => {
        setOpen(event.currentTarget.open);
      }}
      className="border-line group border-t"
    >
      <summary className="flex list-none items-center gap-2 rounded-lg py-3 font-medium [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden size={16} className="text-muted transition-transform group-open:rotate-90" />
        <span className="flex-1">{title}</span>
        {used && <span aria-hidden className="bg-accent size-2 rounded-full" />}
      </summary>
      <div className="space-y-4 pb-5 sm:pl-6">
        {hint && <p className="text-muted text-xs">{hint}</p>}
        {children}
      </div>
    </details>
  );
}
