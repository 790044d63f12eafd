import { ArrowDown, ArrowUp, Plus, Trash2 } from "lucide-react";
import { use } from "react";
import { useFieldArray, useFormContext } from "react-hook-form";
import { Button } from "@/components/Button";
import { IconButton } from "@/components/IconButton";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { blankCondition, blankRule } from "./conditions";
import { ConditionEditor } from "./ConditionEditor";
import { Faults, useFault } from "./faults";
import type { Fields } from "./fields";

const ZONES = Intl.supportedValuesOf("timeZone");

/** The rules in their order, which decides. */
export function RulesFields() {
  const { fields, append, remove, swap } = useFieldArray<Fields, "rules">({ name: "rules" });
  return (
    <div className="space-y-4">
      <datalist id="zones">
        {ZONES.map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      {fields.map(({ id }, index) => (
        <RuleEditor
          key={id}
          index={index}
          last={index === fields.length - 1}
          onMove={(by) => {
            swap(index, index + by);
          }}
          onRemove={() => {
            remove(index);
          }}
        />
      ))}
      <Button
        onClick={() => {
          append(blankRule());
        }}
      >
        <Plus aria-hidden size={16} />
        {text.ruleAdd}
      </Button>
    </div>
  );
}

function RuleEditor({ index, last, onMove, onRemove }: { index: number; last: boolean; onMove: (by: number) => void; onRemove: () => void }) {
  const { register } = useFormContext<Fields>();
  const conditions = useFieldArray<Fields, `rules.${number}.conditions`>({ name: `rules.${index}.conditions` });
  const target = useFault(`rules.${index}.target`);
  const name = useFault(`rules.${index}.name`);
  // Of the rule as a whole, such as that it is never reached.
  const whole = use(Faults)[`rules.${index}`];
  const number = index + 1;
  return (
    <fieldset className="border-line bg-raised/40 min-w-0 space-y-4 rounded-xl border p-4">
      <legend className="sr-only">{text.rule(number)}</legend>
      <div className="-mt-1 flex items-center gap-1">
        <span aria-hidden className="flex-1 font-medium">
          {text.rule(number)}
        </span>
        <IconButton label={text.ruleUp(number)} disabled={index === 0} onClick={() => { onMove(-1); }}>
          <ArrowUp size={16} />
        </IconButton>
        <IconButton label={text.ruleDown(number)} disabled={last} onClick={() => { onMove(1); }}>
          <ArrowDown size={16} />
        </IconButton>
        <IconButton label={text.ruleRemove(number)} onClick={onRemove}>
          <Trash2 size={16} />
        </IconButton>
      </div>
      {conditions.fields.map(({ id }, at) => (
        <ConditionEditor
          key={id}
          path={`rules.${index}.conditions.${at}`}
          onRemove={
            conditions.fields.length > 1
              ? () => {
                  conditions.remove(at);
                }
              : undefined
          }
        />
      ))}
      <Button
        size="small"
        look="quiet"
        onClick={() => {
          conditions.append(blankCondition());
        }}
      >
        <Plus aria-hidden size={15} />
        {text.conditionAdd}
      </Button>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <TextField {...register(`rules.${index}.target`)} type="url" inputMode="url" label={text.ruleTarget} placeholder="https://" error={target} autoComplete="off" />
        <TextField {...register(`rules.${index}.name`)} label={text.ruleName} error={name} maxLength={64} autoComplete="off" />
      </div>
      {whole && (
        <p role="alert" className="text-danger">
          {whole}
        </p>
      )}
    </fieldset>
  );
}
