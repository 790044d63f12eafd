import { problem } from "@/api/errors";
import { components as text } from "@/text/components";
import { Button } from "./Button";
import { Notice } from "./Notice";

/** What is shown in place of what could not be had, with a way to try again. */
export function Failed({ error, reset }: { error: unknown; reset?: () => void }) {
  const failed = problem(error);
  return (
    <Notice
      kind="danger"
      action={
        reset && (
          <Button size="small" onClick={reset}>
            {text.retry}
          </Button>
        )
      }
    >
      <p>{failed.message}</p>
      {failed.requestId && <p className="text-muted mt-1 text-xs">{text.request(failed.requestId)}</p>}
    </Notice>
  );
}
