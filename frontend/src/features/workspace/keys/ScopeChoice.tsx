import type { UseFormRegisterReturn } from "react-hook-form";
import type { KeyDraft } from "@/api/generated";
import { Button } from "@/components/Button";
import { Choice } from "@/components/Choice";
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
          <Choice key={scope} value={scope} label={text.scope[scope][0]} hint={text.scope[scope][1]} {...parts} />
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
