import { type ComponentProps, type ReactNode, useId } from "react";

/** A box to tick, or one of several to choose (`type="radio"`), with what it means. */
export function Choice({ label, hint, type = "checkbox", ...rest }: { label: ReactNode; hint?: ReactNode } & ComponentProps<"input">) {
  const id = useId();
  return (
    <div className="hover:bg-raised flex min-w-0 items-start gap-2.5 rounded-lg p-1.5">
      <input {...rest} id={id} type={type} aria-describedby={hint ? `${id}-hint` : undefined} className="accent-accent mt-0.5 size-4 shrink-0" />
      <span className="min-w-0">
        <label htmlFor={id} className="block font-medium break-words">
          {label}
        </label>
        {hint && (
          <span id={`${id}-hint`} className="text-muted block text-xs">
            {hint}
          </span>
        )}
      </span>
    </div>
  );
}
