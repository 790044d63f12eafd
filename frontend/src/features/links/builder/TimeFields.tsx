import { useFormContext } from "react-hook-form";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { zone } from "./conditions";
import { useFault } from "./faults";
import type { Fields } from "./fields";

/** From when to when, and how often. */
export function TimeFields() {
  const { register } = useFormContext<Fields>();
  const [starts, expires, target, clicks] = [useFault("starts_at"), useFault("expires_at"), useFault("expired_target"), useFault("max_clicks")];
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField {...register("startsAt")} type="datetime-local" label={text.startsAt} error={starts} hint={text.timeHint(zone)} />
        <TextField {...register("expiresAt")} type="datetime-local" label={text.expiresAt} error={expires} />
      </div>
      <TextField {...register("maxClicks")} type="number" min={1} inputMode="numeric" label={text.maxClicks} hint={text.maxClicksHint} error={clicks} />
      <TextField {...register("expiredTarget")} type="url" inputMode="url" placeholder="https://" label={text.expiredTarget} hint={text.expiredTargetHint} error={target} autoComplete="off" />
    </>
  );
}
