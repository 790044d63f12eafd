import type { ComponentProps } from "react";

const LOOKS = {
  primary: "bg-accent text-accent-ink hover:opacity-90",
  secondary: "bg-card border-line-strong border hover:bg-raised",
  quiet: "hover:bg-raised",
  danger: "bg-danger text-page hover:opacity-90",
} as const;

const SIZES = { small: "h-8 px-2.5 text-xs", normal: "h-9 px-3.5 text-sm", large: "h-11 px-5 text-base" } as const;

export interface Look {
  look?: keyof typeof LOOKS;
  size?: keyof typeof SIZES;
}

/** The classes of a button, for links that look like one. */
export function buttonClass({ look = "secondary", size = "normal" }: Look = {}): string {
  return `inline-flex shrink-0 items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap transition-colors disabled:cursor-not-allowed disabled:opacity-50 ${LOOKS[look]} ${SIZES[size]}`;
}

/** A button; `busy` says that what it began goes on, and keeps it from being pressed twice. */
export function Button({ look, size, busy, className = "", disabled, children, ...rest }: Look & { busy?: boolean } & ComponentProps<"button">) {
  return (
    <button type="button" aria-busy={busy} disabled={busy === true || disabled === true} className={`${buttonClass({ look, size })} ${className}`} {...rest}>
      {busy && <span aria-hidden className="size-3.5 animate-spin rounded-full border-2 border-current border-t-transparent" />}
      {children}
    </button>
  );
}
