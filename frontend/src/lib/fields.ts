import type { FieldValues, Path, UseFormReturn } from "react-hook-form";
import { problem } from "@/api/errors";

/** Say what the API had against a form: each fault at its field, what belongs to none of them for the whole (`root`). */
export function showProblem<T extends FieldValues>(form: Pick<UseFormReturn<T>, "getValues" | "setError">, error: unknown): void {
  const failed = problem(error);
  const names = Object.keys(form.getValues());
  let placed = false;
  for (const [field, message] of Object.entries(failed.fields)) {
    const name = names.find((known) => field === known || field.startsWith(`${known}.`));
    if (name === undefined) continue;
    form.setError(name as Path<T>, { message }, { shouldFocus: !placed });
    placed = true;
  }
  if (!placed) form.setError("root", { message: failed.message });
}
