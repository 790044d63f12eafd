import { useController } from "react-hook-form";
import type { Fields } from "./fields";

/** Several of few, as chips that can be ticked. */
export function Choices({ name, label, options }: { name: `rules.${number}.conditions.${number}.values`; label: string; options: readonly (readonly [string, string])[] }) {
  const { field } = useController<Fields, typeof name>({ name });
  const chosen = new Set(field.value);
  return (
    <fieldset className="min-w-0">
      <legend className="sr-only">{label}</legend>
      <div className="flex flex-wrap gap-1.5">
        {options.map(([value, shown]) => (
          <label key={value} className="border-line-strong bg-card has-checked:bg-accent-soft has-checked:border-accent has-focus-visible:outline-accent flex min-h-8 cursor-pointer items-center gap-1.5 rounded-full border px-3 text-xs font-medium has-focus-visible:outline-2">
            <input
              type="checkbox"
              className="accent-accent"
              checked={chosen.has(value)}
              onChange={(event) => {
                field.onChange(event.target.checked ? [...field.value, value] : field.value.filter((other) => other !== value));
              }}
            />
            {shown}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
