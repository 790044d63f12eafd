import { useFormContext } from "react-hook-form";
import { Field } from "@/components/Field";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { useFault } from "./faults";
import type { Fields } from "./fields";

/** How networks and chats show the link. */
export function CardFields({ described }: { described: string | null | undefined }) {
  const { register } = useFormContext<Fields>();
  const fault = useFault("description");
  const imageFault = useFault("image");
  return (
    <>
      <Field label={text.description} error={fault}>
        {(parts) => <textarea {...parts} {...register("description")} rows={3} maxLength={512} placeholder={described ?? ""} className="input h-auto py-2" />}
      </Field>
      <TextField {...register("image")} label={text.image} error={imageFault} type="url" inputMode="url" placeholder="https://" autoComplete="off" />
    </>
  );
}
