import { useQuery } from "@tanstack/react-query";
import { ApiError } from "@/api/errors";
import { deleteAuthMe } from "@/api/generated";
import { getWorkspacesOptions } from "@/api/generated/@tanstack/react-query.gen";
import { leave, useUser } from "@/api/session";
import { chooseWorkspace } from "@/api/workspace";
import { TextField } from "@/components/TextField";
import { account as text } from "@/text/account";
import { components } from "@/text/components";
import { StepUp } from "./StepUp";

const field = (workspace: number) => `hand_over.${workspace}`;

/** Say what will happen, and have it proved and typed that it is meant. */
export function EraseDialog({ onClose }: { onClose: () => void }) {
  // A guest has no address to be typed.
  const wanted = useUser().email ?? components.guest;
  const { data } = useQuery(getWorkspacesOptions());
  // Only where others work as well is there somebody to hand them to.
  const shared = (data?.items ?? []).filter(({ role, members, deleted_at }) => role === "owner" && members > 1 && deleted_at === null);
  return (
    <StepUp
      title={text.erase.title}
      action={text.erase.confirm}
      danger
      onClose={onClose}
      onProve={async (proof, values) => {
        if ((values.typed ?? "").trim().toLowerCase() !== wanted.toLowerCase())
          throw new ApiError(422, { code: "mismatch", errors: [{ pointer: "/typed", detail: text.erase.mismatch }] });
        const hand_over = shared.map(({ id }) => ({ workspace: id, to: values[field(id)]?.trim() ?? "" })).filter(({ to }) => to);
        await deleteAuthMe({ body: { ...proof, hand_over } });
        chooseWorkspace(null);
        leave("?said=erased");
      }}
    >
      {(errors) => (
        <>
          <ul className="list-disc space-y-1 pl-5">
            {text.erase.what.split("\n").map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
          {shared.length > 0 && (
            <fieldset className="space-y-3">
              <legend className="font-medium">{text.erase.handOver}</legend>
              <p className="text-muted text-xs">{text.erase.handOverHint}</p>
              {shared.map(({ id, name }) => (
                <TextField key={id} label={name} name={field(id)} type="email" maxLength={254} autoComplete="off" />
              ))}
            </fieldset>
          )}
          <TextField label={text.erase.typed(wanted)} name="typed" required autoComplete="off" autoCapitalize="none" spellCheck={false} error={errors.typed} />
        </>
      )}
    </StepUp>
  );
}
