import { Plus, Trash2 } from "lucide-react";
import { use } from "react";
import { useFieldArray, useFormContext, useWatch } from "react-hook-form";
import { Button } from "@/components/Button";
import { IconButton } from "@/components/IconButton";
import { TextField } from "@/components/TextField";
import { builder as text } from "@/text/builder";
import { Faults, faultOf } from "./faults";
import type { Fields } from "./fields";

const WHOLE = 100;
const even = (count: number) => Array.from({ length: count }, (_, index) => String(Math.floor(WHOLE / count) + (index < WHOLE % count ? 1 : 0)));

/** Targets among which the visitors are shared out. */
export function VariantsFields() {
  const { register, setValue } = useFormContext<Fields>();
  const { fields, append, remove } = useFieldArray<Fields, "variants">({ name: "variants" });
  const variants = useWatch<Fields, "variants">({ name: "variants" });
  const faults = use(Faults);
  const sum = variants.reduce((total, { weight }) => total + (Number(weight) || 0), 0);
  const spread = (count: number) => {
    even(count).forEach((weight, index) => {
      setValue(`variants.${index}.weight`, weight, { shouldDirty: true });
    });
  };
  return (
    <div className="space-y-3">
      {fields.map(({ id }, index) => (
        <fieldset key={id} className="grid min-w-0 grid-cols-[minmax(0,1fr)_6rem_auto] items-start gap-3">
          <legend className="sr-only">{text.variant(index + 1)}</legend>
          <div className="col-span-3 sm:col-span-1">
            <TextField {...register(`variants.${index}.target`)} type="url" inputMode="url" label={text.variant(index + 1)} placeholder="https://" error={faultOf(faults, `variants.${index}.target`)} autoComplete="off" />
          </div>
          <TextField {...register(`variants.${index}.weight`)} type="number" min={1} max={WHOLE} label={text.weight} error={faultOf(faults, `variants.${index}.weight`)} />
          <IconButton
            label={text.variantRemove(index + 1)}
            className="mt-7"
            onClick={() => {
              remove(index);
            }}
          >
            <Trash2 size={16} />
          </IconButton>
        </fieldset>
      ))}
      {fields.length > 0 && sum !== WHOLE && (
        <p role="status" className="text-warn">
          {text.weightsSum(sum)}
        </p>
      )}
      {faults.variants && (
        <p role="alert" className="text-danger">
          {faults.variants}
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        <Button
          onClick={() => {
            append({ target: "", name: "", weight: "" });
            spread(fields.length + 1);
          }}
        >
          <Plus aria-hidden size={16} />
          {text.variantAdd}
        </Button>
        {fields.length > 1 && (
          <Button
            look="quiet"
            onClick={() => {
              spread(fields.length);
            }}
          >
            {text.weightsEven}
          </Button>
        )}
      </div>
    </div>
  );
}
