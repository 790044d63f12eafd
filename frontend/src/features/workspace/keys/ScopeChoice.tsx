import type { UseFormRegisterReturn } from "react-hook-form";
import type { KeyDraft } from "@/api/generated";
import { Button } from "@/components/Button";
import { keys as text } from "@/text/keys";

export type KeyScope = KeyDraft["scopes"][number];
export const SCOPES = Object.keys(text.scope) as KeyScope[];

/** What a key may do, in words; only what the person may do themselves is there to choose. */
export function ScopeChoice({
  offered,
  error,
  parts,
  onChoose,
}: {
  offered: readonly KeyScope[];
  error: string | undefined;
  parts: UseFormRegisterReturn;
  onChoose: (scopes: KeyScope[]) => void;
}) {
  return (
    <fieldset aria-describedby={error ? "scopes-error" : undefined}>
      <legend className="mb-1.5 font-medium">{text.scopes}</legend>
      <div className="mb-2 flex flex-wrap gap-2">
        <Button
          size="small"
          onClick={() => {
            onChoose(offered.filter((scope) => scope.endsWith(":read")));
          }}
        >
          {text.onlyReading}
        </Button>
        <Button
          size="small"
          onClick={() => {
            onChoose([...offered]);
          }}
        >
          {text.all}
        </Button>
      </div>
      <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
        {offered.map((scope) => (
          <label key={scope} className="hover:bg-raised flex items-start gap-2.5 rounded-lg p-1.5">
            <input type="checkbox" value={scope} className="accent-accent mt-0.5 size-4 shrink-0" {...parts} />
            <span className="min-w-0">
              <span className="block font-medium">{text.scope[scope][0]}</span>
              <span className="text-muted block text-xs">{text.scope[scope][1]}</span>
            </span>
          </label>
        ))}
      </div>
      {error && (
        <p id="scopes-error" role="alert" className="text-danger mt-1.5">
          {error}
        </p>
      )}
    </fieldset>
  );
}
