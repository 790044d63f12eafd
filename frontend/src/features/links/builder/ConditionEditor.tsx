import { X } from "lucide-react";
import { useFormContext, useWatch } from "react-hook-form";
import { IconButton } from "@/components/IconButton";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { Choices } from "./Choices";
import { CONTINENTS, DAYS, DEVICES, KINDS } from "./conditions";
import { useFault } from "./faults";
import type { Fields } from "./fields";

type Path = `rules.${number}.conditions.${number}`;

/** One condition: its kind, and what that kind asks for. */
export function ConditionEditor({ path, onRemove }: { path: Path; onRemove: (() => void) | undefined }) {
  const { register } = useFormContext<Fields>();
  const fault = useFault(path);
  return (
    <div className="space-y-2">
      <div className="flex items-center gap-1">
        <select {...register(`${path}.type`)} aria-label={text.condition} className="input w-auto min-w-36 pr-8 font-medium">
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {text.kinds[kind]}
            </option>
          ))}
        </select>
        {onRemove && (
          <IconButton label={text.conditionRemove} onClick={onRemove}>
            <X size={16} />
          </IconButton>
        )}
      </div>
      <Values path={path} />
      {fault && (
        <p role="alert" className="text-danger">
          {fault}
        </p>
      )}
    </div>
  );
}

function Values({ path }: { path: Path }) {
  const { register } = useFormContext<Fields>();
  const type = useWatch<Fields, `${Path}.type`>({ name: `${path}.type` });
  const values = `${path}.values` as const;
  const zoned = <TextField {...register(`${path}.timezone`)} label={text.timezone} list="zones" autoComplete="off" spellCheck={false} />;
  switch (type) {
    case "device":
      return <Choices name={values} label={text.kinds.device} options={DEVICES.map((one) => [one, text.devices[one]])} />;
    case "continent":
      return <Choices name={values} label={text.kinds.continent} options={CONTINENTS.map((one) => [one, text.continents[one]])} />;
    case "days":
      return (
        <div className="space-y-3">
          <Choices name={values} label={text.kinds.days} options={DAYS.map((one) => [one, text.days[one]])} />
          {zoned}
        </div>
      );
    case "hours":
      return (
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-3">
          <TextField {...register(`${path}.from`)} type="time" label={text.from} />
          <TextField {...register(`${path}.until`)} type="time" label={text.until} />
          <div className="col-span-2 sm:col-span-1">{zoned}</div>
        </div>
      );
    case "dates":
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField {...register(`${path}.from`)} type="datetime-local" label={text.from} />
          <TextField {...register(`${path}.until`)} type="datetime-local" label={text.until} />
        </div>
      );
    case "query":
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField {...register(`${path}.name`)} label={text.parameter} placeholder="ref" autoComplete="off" />
          <TextField {...register(`${path}.text`)} label={text.values} placeholder={text.examples.query} autoComplete="off" />
        </div>
      );
    default:
      return <input {...register(`${path}.text`)} aria-label={`${text.kinds[type]}: ${text.several}`} title={text.several} placeholder={text.examples[type]} autoComplete="off" spellCheck={false} className="input" />;
  }
}
