import type { ReactNode } from "react";

/** What a list says that has nothing to show: that there is none yet, or that none match. */
export function Empty({ title, children, action, icon }: { title: string; children?: ReactNode; action?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="border-line flex flex-col items-center gap-2 rounded-xl border border-dashed px-6 py-12 text-center">
      {icon && <span className="text-muted mb-1">{icon}</span>}
      <p className="text-base font-medium">{title}</p>
      {children && <div className="text-muted max-w-prose">{children}</div>}
      {action && <div className="mt-3">{action}</div>}
    </div>
  );
}
