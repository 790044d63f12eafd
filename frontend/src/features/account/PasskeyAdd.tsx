import { postAuthPasskeys, postAuthPasskeysOptions } from "@/api/generated";
import { create } from "@/api/webauthn";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { useRefetch } from "./api";
import { StepUp } from "./StepUp";

/** Add a passkey. With the first second factor come recovery codes, which `onDone` is given to show. */
export function PasskeyAdd({ onDone, onClose }: { onDone: (codes: readonly string[] | null) => void; onClose: () => void }) {
  const refetch = useRefetch();
  return (
    <StepUp
      title={text.passkeys.add}
      action={text.passkeys.add}
      onClose={onClose}
      onProve={async (proof, { name = "" }) => {
        const options = await postAuthPasskeysOptions({ body: proof });
        const credential = await create(options.data.public_key);
        const { data } = await postAuthPasskeys({ body: { name, credential } });
        toast(text.passkeys.done(data.name));
        onDone(data.recovery_codes);
        await refetch.factors();
      }}
    >
      {(errors) => <TextField label={text.passkeys.name} hint={text.passkeys.nameHint} name="name" required maxLength={100} autoComplete="off" error={errors.name} />}
    </StepUp>
  );
}
