import { useForm } from "react-hook-form";
import type { DomainChange, DomainOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { Switch } from "@/components/Switch";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { components } from "@/text/components";
import { domains as text } from "@/text/domains";
import { useChangeDomain } from "./api";

interface Fields {
  root_target: string;
  not_found_target: string;
  expired_target: string;
  case_sensitive: boolean;
  default: boolean;
}
const TARGETS = [
  ["root_target", "rootTarget"],
  ["not_found_target", "notFoundTarget"],
  ["expired_target", "expiredTarget"],
] as const;

/** Where the domain leads who finds nothing, and how it reads slugs. */
export function DomainSettings({ domain, onClose }: { domain: DomainOut; onClose: () => void }) {
  const start: Fields = {
    root_target: domain.root_target ?? "",
    not_found_target: domain.not_found_target ?? "",
    expired_target: domain.expired_target ?? "",
    case_sensitive: domain.case_sensitive,
    default: domain.default,
  };
  const { register, handleSubmit } = useForm<Fields>({ defaultValues: start });
  const change = useChangeDomain(domain);
  const failed = change.error && problem(change.error);
  const faults = failed?.fields ?? {};

  function submit(fields: Fields) {
    const changed = Object.entries(fields).filter(([name, value]) => value !== start[name as keyof Fields]);
    const wanted: DomainChange = Object.fromEntries(changed.map(([name, value]: [string, string | boolean]) => [name, typeof value === "string" ? value.trim() || null : value]));
    change.mutate(wanted, {
      onSuccess: () => {
        toast(text.saved);
        onClose();
      },
    });
  }
  return (
    <Dialog title={text.settingsOf(domain.host)} onClose={onClose}>
      <form noValidate onSubmit={handleSubmit(submit)} className="space-y-4">
        {TARGETS.map(([name, label]) => (
          <TextField key={name} {...register(name)} label={text[label]} error={faults[name]} type="url" inputMode="url" placeholder="https://" autoComplete="off" />
        ))}
        <p className="text-muted text-xs">{text.targetHint}</p>
        <Switch {...register("case_sensitive")} label={text.caseSensitive} hint={text.caseHint} />
        {domain.verified && <Switch {...register("default")} label={text.makeDefault} />}
        {failed && Object.keys(faults).length === 0 && <Notice kind="danger">{failed.status === 412 ? text.conflict : failed.message}</Notice>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{components.cancel}</Button>
          <Button type="submit" look="primary" busy={change.isPending}>
            {text.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
