import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

const KINDS = {
  info: { look: "bg-accent-soft text-ink", icon: Info },
  good: { look: "bg-good-soft text-ink", icon: CircleCheck },
  warn: { look: "bg-warn-soft text-ink", icon: TriangleAlert },
  danger: { look: "bg-danger-soft text-ink", icon: CircleAlert },
} as const;

/** Something to be read now, said aloud by screen readers where it is a fault. */
export function Notice({ kind = "info", children, action }: { kind?: keyof typeof KINDS; children: ReactNode; action?: ReactNode }) {
  const { look, icon: Icon } = KINDS[kind];
  return (
    <div role={kind === "danger" ? "alert" : "status"} className={`flex items-start gap-2.5 rounded-lg p-3 ${look}`}>
      <Icon aria-hidden size={18} className="mt-px shrink-0" />
      <div className="min-w-0 flex-1 break-words">{children}</div>
      {action}
    </div>
  );
}
