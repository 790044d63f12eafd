import type { ReactNode } from "react";

/** What may be wider than the window scrolls in its own box, which the keyboard reaches too. */
export function ScrollBox({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A box that scrolls has to take the focus, or the keyboard could not scroll it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div role="region" aria-label={label} tabIndex={0} className="card overflow-x-auto">
      {children}
    </div>
  );
}
