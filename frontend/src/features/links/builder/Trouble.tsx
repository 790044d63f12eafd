import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { builder as text } from "@/text/builder";
import type { Failure } from "./useSave";

/** Why it was not saved, and the way on. */
export function Trouble({ failure, onMerge, onDiscard }: { failure: Failure; onMerge: () => void; onDiscard: () => void }) {
  if (failure.conflict)
    return (
      <Notice kind="warn">
        <p className="font-medium">{text.conflict}</p>
        <div className="mt-3 flex flex-wrap gap-2">
          <Button size="small" className="h-auto min-h-8 py-1 whitespace-normal" onClick={onMerge}>
            {text.conflictKeep}
          </Button>
          <Button size="small" look="quiet" onClick={onDiscard}>
            {text.conflictDrop}
          </Button>
        </div>
      </Notice>
    );
  const named = Object.entries(failure.fields);
  return (
    <Notice kind="danger">
      {named.length ? (
        <>
          <p>{text.wrongFields}</p>
          <ul className="mt-1 list-inside list-disc">
            {named.map(([field, detail]) => (
              <li key={field} className="break-words">
                <span className="font-mono text-xs">{field}</span>: {detail}
              </li>
            ))}
          </ul>
        </>
      ) : (
        failure.message
      )}
    </Notice>
  );
}
