import type { ReactNode } from "react";

/** The class of a link to a part of a page; the router marks the one that one is on by `aria-current`. */
export const TAB =
  "text-muted hover:text-ink aria-[current=page]:text-ink aria-[current=page]:border-accent inline-block border-b-2 border-transparent px-3 py-2.5 font-medium whitespace-nowrap";

/** A row of links to the parts of a page, which scrolls by itself where it is wider than the window. */
export function Tabs({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav aria-label={label} className="border-line mb-6 overflow-x-auto border-b">
      <div className="flex min-w-max">{children}</div>
    </nav>
  );
}
