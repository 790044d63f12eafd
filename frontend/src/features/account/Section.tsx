import { type ReactNode, useId } from "react";

/** A part of the page with a heading of its own: what it is, and what can be done. */
export function Section({ title, hint, action, children }: { title: string; hint?: ReactNode; action?: ReactNode; children?: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="card space-y-4 p-5">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0 flex-1 basis-56">
          <h2 id={id} className="font-semibold">
            {title}
          </h2>
          {hint && <p className="text-muted mt-0.5 max-w-prose">{hint}</p>}
        </div>
        {action}
      </div>
      {children}
    </section>
  );
}
