import type { ReactNode } from "react";
import { CopyButton } from "@/components/CopyButton";
import { Notice } from "@/components/Notice";

/** A secret that is shown this once. */
export function Secret({ label, copyLabel, value, children }: { label: string; copyLabel: string; value: string; children: ReactNode }) {
  return (
    <div className="space-y-4">
      <Notice kind="warn">{children}</Notice>
      <div className="bg-raised flex items-center gap-2 rounded-lg py-1.5 pr-1.5 pl-3">
        <input
          readOnly
          aria-label={label}
          value={value}
          className="min-w-0 flex-1 bg-transparent font-mono text-sm"
          onFocus={(event) => {
            event.target.select();
          }}
        />
        <CopyButton value={value} label={copyLabel} />
      </div>
    </div>
  );
}
