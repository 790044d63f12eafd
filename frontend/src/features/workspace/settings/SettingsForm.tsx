import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { patchWorkspacesByWorkspaceId, type WorkspaceOut } from "@/api/generated";
import { getWorkspacesByWorkspaceIdQueryKey, getWorkspacesQueryKey } from "@/api/generated/@tanstack/react-query.gen";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { SelectField } from "@/components/SelectField";
import { Switch } from "@/components/Switch";
import { TextField } from "@/components/TextField";
import { showProblem } from "@/lib/fields";
import { toast } from "@/lib/toast";
import { settings as text } from "@/text/settings";
import { type Change, useVerifiedDomains } from "./api";
import { LinkDefaultFields } from "./LinkDefaultFields";
import { change, isDays, type Values, values } from "./values";

/** The workspace's settings; those who may not change them see them all the same. */
export function SettingsForm({ workspace, may }: { workspace: WorkspaceOut; may: boolean }) {
  const queries = useQueryClient();
  const domains = useVerifiedDomains();
  const queryKey = getWorkspacesByWorkspaceIdQueryKey({ path: { workspace_id: workspace.id } });
  // Fields that one has not touched follow what others change meanwhile.
  const form = useForm<Values>({ defaultValues: values(workspace), values: values(workspace), resetOptions: { keepDirtyValues: true } });
  const { errors, dirtyFields, isDirty } = form.formState;
  const save = useMutation({
    mutationFn: async (body: Change) =>
      (await patchWorkspacesByWorkspaceId({ path: { workspace_id: workspace.id }, headers: { "If-Match": `"${workspace.version}"` }, body })).data,
    onSuccess: async (saved) => {
      form.reset(values(saved));
      queries.setQueryData(queryKey, saved);
      await queries.invalidateQueries({ queryKey: getWorkspacesQueryKey() });
      toast(text.saved);
    },
    onError: (error) => {
      if (problem(error).status === 412) form.setError("root", { type: "meanwhile", message: text.changedMeanwhile });
      else showProblem(form, error);
    },
  });
  // One that is chosen and not verified any more has to be there, or choosing nothing would choose another.
  const hosts = [...new Set([...(workspace.default_domain === null ? [] : [workspace.default_domain]), ...(domains.data ?? []).map(({ host }) => host)])];
  return (
    <form
      noValidate
      onSubmit={form.handleSubmit((said) => {
        save.mutate(change(said, new Set(Object.keys(dirtyFields) as (keyof Values)[])));
      })}
    >
      <fieldset disabled={!may} className="space-y-6">
        {!may && <Notice>{text.readOnly}</Notice>}
        {errors.root?.message && (
          <Notice
            kind="danger"
            action={
              errors.root.type === "meanwhile" && (
                <Button
                  size="small"
                  onClick={() => {
                    form.clearErrors("root");
                    void queries.invalidateQueries({ queryKey });
                  }}
                >
                  {text.lookAnew}
                </Button>
              )
            }
          >
            {errors.root.message}
          </Notice>
        )}
        <section aria-label={text.general} className="card grid gap-5 p-5 md:grid-cols-2">
          <TextField
            label={text.name}
            maxLength={100}
            error={errors.name?.message}
            {...form.register("name", { validate: (name) => name.trim() !== "" || text.nameMissing })}
          />
          <SelectField label={text.defaultDomain} hint={text.defaultDomainHint} error={errors.default_domain?.message} {...form.register("default_domain")}>
            <option value="">{text.ownDomain}</option>
            {hosts.map((host) => (
              <option key={host} value={host}>
                {host}
              </option>
            ))}
          </SelectField>
          <TextField
            inputMode="numeric"
            placeholder={text.forever}
            label={text.retention}
            hint={text.retentionHint}
            error={errors.retention_days?.message}
            {...form.register("retention_days", { validate: (days) => isDays(days, 36_500) || text.retentionWrong })}
          />
          <div className="md:pt-7">
            <Switch label={text.secondFactor} hint={text.secondFactorHint} {...form.register("require_second_factor")} />
          </div>
        </section>
        <LinkDefaultFields form={form} />
        {may && (
          <Button type="submit" look="primary" busy={save.isPending} disabled={!isDirty}>
            {text.save}
          </Button>
        )}
      </fieldset>
    </form>
  );
}
