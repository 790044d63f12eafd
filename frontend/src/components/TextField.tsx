import type { ComponentProps, ReactNode } from "react";
import { Field } from "./Field";

/** One line of text with its label; everything else is the input's own, so that it goes with `register`. */
export function TextField({
  label,
  hint,
  error,
  optional,
  className = "",
  ...rest
}: { label: ReactNode; hint?: ReactNode; error?: string | undefined; optional?: string | undefined } & ComponentProps<"input">) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional}>
      {(parts) => <input className={`input ${className}`} {...rest} {...parts} />}
    </Field>
  );
}
