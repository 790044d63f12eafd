import { Eye, EyeOff } from "lucide-react";
import { type ComponentProps, type ReactNode, useState } from "react";
import { form as text } from "@/text/form";
import { Field } from "./Field";
import { IconButton } from "./IconButton";

/** A password, which can be looked at while it is typed. */
export function PasswordField({ label, hint, error, ...rest }: { label: ReactNode; hint?: ReactNode; error?: string | undefined } & Omit<ComponentProps<"input">, "type">) {
  const [open, setOpen] = useState(false);
  return (
    <Field label={label} hint={hint} error={error}>
      {(parts) => (
        <div className="relative">
          <input {...rest} {...parts} type={open ? "text" : "password"} required maxLength={1024} spellCheck={false} autoCapitalize="none" className="input pr-10" />
          <IconButton
            label={open ? text.hide : text.show}
            className="absolute top-0 right-0"
            onClick={() => {
              setOpen(!open);
            }}
          >
            {open ? <EyeOff size={16} /> : <Eye size={16} />}
          </IconButton>
        </div>
      )}
    </Field>
  );
}
