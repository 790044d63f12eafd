import { type ReactNode, useRef, useState } from "react";
import { type ApiError, problem } from "@/api/errors";
import { Cancelled } from "@/api/webauthn";
import { useWait } from "@/lib/wait";
import { form as text, refusal } from "@/text/form";
import { Button, type Look } from "./Button";
import { Notice } from "./Notice";

export type Values = Readonly<Record<string, string>>;

/**
 * A form whose fields keep themselves what is typed, so that nothing is lost by a refusal. What the API finds wrong stands at its
 * field, or above all of them; after too many tries it counts the seconds down.
 */
export function Form({
  action,
  onSend,
  look = "primary",
  wide = false,
  beside,
  children,
}: {
  /** What the button says. */
  action: ReactNode;
  /** Gets what is in the fields, by their names. What it throws is shown. */
  onSend: (values: Values) => Promise<unknown>;
  look?: Look["look"];
  /** Whether the button is as wide as the fields. */
  wide?: boolean;
  beside?: ReactNode;
  /** Draws the fields, told what is wrong with each. */
  children: (errors: Values) => ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<ApiError>();
  // Whether all that is wrong stands at fields that there are.
  const [placed, setPlaced] = useState(false);
  const [wait, startWait] = useWait();

  async function send(data: FormData) {
    setBusy(true);
    setFailed(undefined);
    try {
      await onSend(Object.fromEntries([...data].filter((entry): entry is [string, string] => typeof entry[1] === "string")));
    } catch (error) {
      if (error instanceof Cancelled) return;
      const refused = problem(error);
      setFailed(refused);
      if (refused.status === 429) startWait(refused.retryAfter ?? 60);
      const named = Object.keys(refused.fields).map((name) => form.current?.elements.namedItem(name));
      setPlaced(named.length > 0 && named.every(Boolean));
      named.find((field) => field instanceof HTMLElement)?.focus();
    } finally {
      setBusy(false);
    }
  }
  const errors = failed?.fields ?? {};
  return (
    <form
      ref={form}
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy && !wait) void send(new FormData(event.currentTarget));
      }}
    >
      {failed && !placed && <Notice kind="danger">{failed.status === 429 && wait ? text.tooMany(wait) : refusal(failed)}</Notice>}
      {children(errors)}
      <div className={`flex flex-wrap items-center gap-3 ${wide ? "" : "justify-end"}`}>
        {beside}
        <Button type="submit" look={look} busy={busy} disabled={wait !== null} className={wide ? "w-full" : ""}>
          {wait ? text.wait(wait) : action}
        </Button>
      </div>
    </form>
  );
}
