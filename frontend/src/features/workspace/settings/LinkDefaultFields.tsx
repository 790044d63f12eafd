import type { UseFormReturn } from "react-hook-form";
import { SelectField } from "@/components/SelectField";
import { TextField } from "@/components/TextField";
import { settings as text } from "@/text/settings";
import { isDays, type Values } from "./values";

const CHOICES = [
  ["forward_query", text.forwardQuery],
  ["forward_path", text.forwardPath],
  ["allow_caching", text.caching],
] as const;

/** What links of this workspace are that don't say otherwise. */
export function LinkDefaultFields({ form }: { form: UseFormReturn<Values> }) {
  const { errors } = form.formState;
  return (
    <section aria-labelledby="link-defaults" className="card p-5">
      <h2 id="link-defaults" className="text-base font-semibold">
        {text.defaults}
      </h2>
      <p className="text-muted mb-4">{text.defaultsHint}</p>
      <div className="grid gap-5 md:grid-cols-2">
        <SelectField label={text.status} {...form.register("redirect_status")}>
          <option value="">{text.own}</option>
          {Object.entries(text.statuses).map(([status, words]) => (
            <option key={status} value={status}>
              {words}
            </option>
          ))}
        </SelectField>
        {CHOICES.map(([name, label]) => (
          <SelectField key={name} label={label} {...form.register(name)}>
            <option value="">{text.own}</option>
            <option value="yes">{text.yes}</option>
            <option value="no">{text.no}</option>
          </SelectField>
        ))}
        <TextField label={text.tags} hint={text.tagsHint} {...form.register("tags")} />
        <TextField
          inputMode="numeric"
          label={text.expires}
          hint={text.expiresHint}
          error={errors.expires_after_days?.message}
          {...form.register("expires_after_days", { validate: (days) => isDays(days, 3650) || text.expiresWrong })}
        />
      </div>
    </section>
  );
}
