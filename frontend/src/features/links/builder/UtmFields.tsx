import { useFormContext, useWatch } from "react-hook-form";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import type { Fields } from "./fields";
import { PARTS, utm, withUtm } from "./utm";

/** The campaign's parameters; what they say is the target's own query, and nothing besides. */
export function UtmFields() {
  const { setValue } = useFormContext<Fields>();
  const target = useWatch<Fields, "target">({ name: "target" });
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {PARTS.map((part) => (
        <TextField
          key={part}
          label={text.utm[part]}
          placeholder={text.utmHints[part]}
          value={utm(target, part)}
          autoComplete="off"
          onChange={(event) => {
            setValue("target", withUtm(target, part, event.target.value), { shouldDirty: true });
          }}
        />
      ))}
    </div>
  );
}
