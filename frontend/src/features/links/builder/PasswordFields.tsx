import { useFormContext, useWatch } from "react-hook-form";
import { Switch } from "@/components/Switch";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { useFault } from "./faults";
import type { Fields } from "./fields";

/** What visitors are asked for. */
export function PasswordFields({ isSet }: { isSet: boolean }) {
  const { register } = useFormContext<Fields>();
  const removed = useWatch<Fields, "removePassword">({ name: "removePassword" });
  const fault = useFault("password");
  return (
    <>
      <TextField
        {...register("password")}
        type="password"
        autoComplete="new-password"
        label={text.password}
        hint={isSet ? text.passwordSet : text.passwordHint}
        placeholder={isSet ? text.passwordKeep : ""}
        error={fault}
        disabled={removed}
      />
      {isSet && <Switch {...register("removePassword")} label={text.passwordRemove} />}
    </>
  );
}
