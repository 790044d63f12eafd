import { Field } from "@/components/Field";
import { data as text } from "@/text/data";

/** A file of this machine. */
export function FileField({ onChoose, error, hint }: { onChoose: (file: File | null) => void; error?: string | undefined; hint?: string }) {
  return (
    <Field label={text.file} error={error} hint={hint}>
      {(parts) => (
        <input
          {...parts}
          type="file"
          accept=".csv,.json,.ndjson,text/csv,application/json"
          className="file:bg-raised file:border-line-strong w-full min-w-0 text-xs file:mr-3 file:h-9 file:rounded-lg file:border file:px-3 file:text-sm file:font-medium"
          onChange={(event) => {
            onChoose(event.target.files?.[0] ?? null);
          }}
        />
      )}
    </Field>
  );
}
