import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { useForm, useWatch } from "react-hook-form";
import { getApiKeysQueryKey, postApiKeysMutation } from "@/api/generated/@tanstack/react-query.gen";
import { useMe } from "@/api/me";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { SelectField } from "@/components/SelectField";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { keys as text } from "@/text/keys";
import { expiry, type Term } from "./expiry";
import { MadeKey } from "./MadeKey";
import { type KeyScope, ScopeChoice, SCOPES } from "./ScopeChoice";

interface Values {
  name: string;
  scopes: KeyScope[];
  expires_at: Term;
  day: string;
}

/** Asks what a new key is for and may do, then shows it: the dialog stays until the person has put it away. */
export function NewKey({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const me = useMe();
  const id = useId();
  const form = useForm<Values>({ defaultValues: { name: "", scopes: ["links:read", "links:write"], expires_at: "365", day: "" } });
  const { errors } = form.formState;
  const term = useWatch({ control: form.control, name: "expires_at" });
  const make = useMutation({
    ...postApiKeysMutation(),
    onSuccess: () => queries.invalidateQueries({ queryKey: getApiKeysQueryKey() }),
    onError: (error) => {
      showProblem(form, error);
    },
  });
  const submit = form.handleSubmit(({ name, scopes, expires_at, day }) => {
    make.mutate({ body: { name: name.trim(), scopes, expires_at: expiry(expires_at, day) } });
  });
  if (make.data) return <MadeKey made={make.data} onClose={onClose} />;
  const offered = SCOPES.filter((scope) => me?.scopes.includes(scope));
  return (
    <Dialog
      title={text.make}
      onClose={onClose}
      footer={
        <Button type="submit" form={id} look="primary" busy={make.isPending}>
          {text.making}
        </Button>
      }
    >
      <form id={id} noValidate className="space-y-5" onSubmit={submit}>
        {errors.root?.message && <Notice kind="danger">{errors.root.message}</Notice>}
        <TextField
          label={text.name}
          hint={text.nameHint}
          maxLength={100}
          error={errors.name?.message}
          {...form.register("name", { validate: (name) => name.trim() !== "" || text.nameMissing })}
        />
        <ScopeChoice
          offered={offered}
          error={errors.scopes?.message}
          parts={form.register("scopes", { validate: (scopes) => scopes.length > 0 || text.scopesMissing })}
          onChoose={(scopes) => {
            form.setValue("scopes", scopes, { shouldValidate: form.formState.isSubmitted });
          }}
        />
        <div className="grid gap-4 sm:grid-cols-2">
          <SelectField label={text.expires} error={errors.expires_at?.message} {...form.register("expires_at")}>
            <option value="30">{text.days(30)}</option>
            <option value="90">{text.days(90)}</option>
            <option value="365">{text.year}</option>
            <option value="never">{text.forever}</option>
            <option value="day">{text.until}</option>
          </SelectField>
          {term === "day" && (
            <TextField
              type="date"
              label={text.lastDay}
              error={errors.day?.message}
              {...form.register("day", {
                validate: (day, { expires_at }) => expires_at !== "day" || new Date(`${day}T23:59:59`) > new Date() || text.lastDayMissing,
              })}
            />
          )}
        </div>
      </form>
    </Dialog>
  );
}
