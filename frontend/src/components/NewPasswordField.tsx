import { type ComponentProps, useState } from "react";
import { form as text } from "@/text/form";
import { PasswordField } from "./PasswordField";

const LEAST = 8;
const STEPS = [
  { from: 0, name: "short", look: "bg-line-strong" },
  { from: LEAST, name: "fair", look: "bg-warn" },
  { from: 12, name: "good", look: "bg-good" },
  { from: 16, name: "strong", look: "bg-good" },
] as const;

/** A password that is to be kept. Length is what makes it hard to guess; what everybody chooses, the API refuses by itself. */
export function NewPasswordField(props: Omit<ComponentProps<typeof PasswordField>, "hint">) {
  const [length, setLength] = useState(0);
  const step = STEPS.findLastIndex(({ from }) => length >= from);
  const { name, look } = STEPS[step] ?? STEPS[0];
  return (
    <PasswordField
      {...props}
      name={props.name ?? "password"}
      autoComplete="new-password"
      minLength={LEAST}
      onChange={(event) => {
        setLength(Array.from(event.currentTarget.value).length);
      }}
      hint={
        <>
          <span aria-hidden className="mb-1.5 grid grid-cols-3 gap-1">
            {STEPS.slice(1).map(({ from }, index) => (
              <span key={from} className={`h-1 rounded-full ${index < step ? look : "bg-line"}`} />
            ))}
          </span>
          {text.strength[name]}
        </>
      }
    />
  );
}
