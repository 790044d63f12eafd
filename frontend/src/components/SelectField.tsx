import type { ComponentProps, ReactNode } from "react";
import { Field } from "./Field";

/** A choice of few, by the browser's own means, which every phone and screen reader knows. */
export function SelectField({
  label,
  hint,
  error,
  className = "",
  children,
  ...rest
}: { label: ReactNode; hint?: ReactNode; error?: string | undefined } & ComponentProps<"select">) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(parts) => (
        <select className={`input pr-8 ${className}`} {...rest} {...parts}>
          {children}
        </select>
      )}
    </Field>
  );
}
