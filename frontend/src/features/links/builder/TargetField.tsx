import { useFormContext } from "react-hook-form";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { useFault } from "./faults";
import type { Fields } from "./fields";

/** The one field that a link needs. */
export function TargetField({ wrong, isNew }: { wrong: string | undefined; isNew: boolean }) {
  const { register } = useFormContext<Fields>();
  const fault = useFault("target");
  return (
    <TextField
      {...register("target")}
      label={text.target}
      hint={isNew && text.targetHint}
      error={wrong ?? fault}
      type="url"
      inputMode="url"
      autoComplete="off"
      spellCheck={false}
      placeholder="https://"
      className="h-11 text-base"
      // The page is there for what a link leads to, and letters typed elsewhere are shortcuts.
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus
    />
  );
}
