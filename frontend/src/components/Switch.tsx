import { type ComponentProps, type ReactNode, useId } from "react";

/** A setting that is on or off, with what it means; it goes with `register` like any checkbox. */
export function Switch({ label, hint, ...rest }: { label: ReactNode; hint?: ReactNode } & Omit<ComponentProps<"input">, "type">) {
  const id = useId();
  return (
    <div className="flex items-start gap-3">
      <span className="relative mt-0.5 inline-flex h-5 w-9 shrink-0">
        <input
          {...rest}
          id={id}
          type="checkbox"
          role="switch"
          aria-describedby={hint ? `${id}-hint` : undefined}
          className="peer bg-line-strong checked:bg-accent h-5 w-9 cursor-pointer appearance-none rounded-full transition-colors disabled:opacity-50"
        />
        <span aria-hidden className="bg-card pointer-events-none absolute top-0.5 left-0.5 size-4 rounded-full transition-transform peer-checked:translate-x-4" />
      </span>
      <span className="min-w-0">
        <label htmlFor={id} className="font-medium">
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
