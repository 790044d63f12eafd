import { type SubmitEvent, useId, useState } from "react";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { SelectField } from "@/components/SelectField";
import { TextField } from "@/components/TextField";
import { analytics as text } from "@/text/analytics";
import { components } from "@/text/components";
import { dayOf, isDay, ownZone } from "./calendar";
import { useGo } from "./useGo";
import { useView } from "./view";

const zones = (): string[] => {
  // Not every browser lists them.
  const list = (Intl as { supportedValuesOf?: (key: "timeZone") => string[] }).supportedValuesOf?.("timeZone") ?? [];
  return [...new Set(["UTC", ...list])];
};

/** Any days, in any zone. */
export function RangeDialog({ onClose }: { onClose: () => void }) {
  const { range, zone, now } = useView();
  const go = useGo();
  const form = useId();
  const [from, setFrom] = useState(dayOf(range.since, zone));
  const [to, setTo] = useState(dayOf(new Date(range.until.getTime() - 1), zone));
  const [where, setWhere] = useState(zone);
  const wrong = isDay(from) && isDay(to) && to < from;

  function show(event: SubmitEvent) {
    event.preventDefault();
    if (wrong || !isDay(from) || !isDay(to)) return;
    go({ from, to, range: undefined, interval: undefined, zone: where === ownZone() ? undefined : where });
    onClose();
  }
  return (
    <Dialog
      title={text.range.label}
      width="small"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{components.cancel}</Button>
          <Button type="submit" form={form} look="primary">
            {text.range.apply}
          </Button>
        </>
      }
    >
      <form id={form} noValidate onSubmit={show} className="grid gap-4 sm:grid-cols-2">
        <TextField type="date" label={text.range.from} value={from} max={dayOf(now, zone)} required onChange={({ target }) => { setFrom(target.value); }} />
        <TextField type="date" label={text.range.to} value={to} required error={wrong ? text.range.order : undefined} onChange={({ target }) => { setTo(target.value); }} />
        <div className="sm:col-span-2">
          <SelectField label={text.zone.label} value={where} onChange={({ target }) => { setWhere(target.value); }}>
            <option value={ownZone()}>{text.zone.own(ownZone())}</option>
            {zones().filter((one) => one !== ownZone()).map((one) => <option key={one}>{one}</option>)}
          </SelectField>
        </div>
      </form>
    </Dialog>
  );
}
