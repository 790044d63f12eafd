import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { type KeyboardEvent, useId, useState } from "react";
import { useController } from "react-hook-form";
import { getTagsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Field } from "@/components/Field";
import { builder as text } from "@/text/builder";
import { useFault } from "./faults";
import type { Fields } from "./fields";

/** Tags of the link; those that there are already are offered, others are made with it. */
export function TagsField() {
  const { field } = useController<Fields, "tags">({ name: "tags" });
  const { data } = useQuery(getTagsOptions());
  const [typed, setTyped] = useState("");
  const id = useId();
  const fault = useFault("tags");
  const add = (names: readonly string[]) => {
    const wanted = names.map((name) => name.trim()).filter(Boolean);
    if (wanted.length) field.onChange([...new Set([...field.value, ...wanted])]);
    setTyped("");
  };
  function press(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === "Enter" && typed.trim()) {
      event.preventDefault();
      add([typed]);
    } else if (event.key === "Backspace" && !typed) field.onChange(field.value.slice(0, -1));
  }
  return (
    <Field label={text.tags} hint={text.tagsHint} error={fault}>
      {(parts) => (
        <div className="border-line-strong bg-card focus-within:outline-accent flex min-h-9 flex-wrap items-center gap-1.5 rounded-lg border px-1.5 py-1 focus-within:outline-2 focus-within:outline-offset-2">
          {field.value.map((tag) => (
            <span key={tag} className="bg-raised inline-flex max-w-full items-center rounded-full pl-2.5 text-xs font-medium">
              <span className="truncate">{tag}</span>
              <button
                type="button"
                aria-label={text.tagRemove(tag)}
                className="hover:text-danger inline-flex size-6 items-center justify-center rounded-full"
                onClick={() => {
                  field.onChange(field.value.filter((other) => other !== tag));
                }}
              >
                <X size={13} />
              </button>
            </span>
          ))}
          <input
            {...parts}
            ref={field.ref}
            value={typed}
            list={`${id}-known`}
            maxLength={64}
            autoComplete="off"
            className="h-7 min-w-24 flex-1 bg-transparent px-1.5 outline-none"
            onChange={(event) => {
              const names = event.target.value.split(",");
              if (names.length > 1) add(names);
              else setTyped(event.target.value);
            }}
            onKeyDown={press}
            onBlur={() => {
              add([typed]);
              field.onBlur();
            }}
          />
          <datalist id={`${id}-known`}>
            {(data?.items ?? [])
              .filter(({ name }) => !field.value.includes(name))
              .map(({ name }) => (
                <option key={name} value={name} />
              ))}
          </datalist>
        </div>
      )}
    </Field>
  );
}
