import type { ReactNode } from "react";

/** A key of the keyboard. */
export function Key({ children }: { children: ReactNode }) {
  return <kbd className="border-line text-muted bg-raised rounded border px-1.5 py-0.5 font-sans text-xs">{children}</kbd>;
}
