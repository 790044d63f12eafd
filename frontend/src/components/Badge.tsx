import type { ReactNode } from "react";

const KINDS = {
  plain: "bg-raised text-ink",
  accent: "bg-accent-soft text-ink",
  good: "bg-good-soft text-ink",
  warn: "bg-warn-soft text-ink",
  danger: "bg-danger-soft text-ink",
} as const;

export function Badge({ kind = "plain", children }: { kind?: keyof typeof KINDS; children: ReactNode }) {
  return <span className={`inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium ${KINDS[kind]}`}>{children}</span>;
}
