import type { ComponentProps, ReactNode } from "react";

/** A button of a picture alone: `label` is its name for those who don't see it, and its tooltip. */
export function IconButton({ label, children, className = "", ...rest }: { label: string; children: ReactNode } & ComponentProps<"button">) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={`text-muted hover:bg-raised hover:text-ink inline-flex size-9 shrink-0 items-center justify-center rounded-lg transition-colors disabled:opacity-50 ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}
