import { useState } from "react";
import { type Assertion, postAuthPasskeysSignInOptions, type SignedIn } from "@/api/generated";
import { find, supported } from "@/api/webauthn";
import { Button } from "@/components/Button";
import { Form } from "@/components/Form";
import { TextField } from "@/components/TextField";
import { auth as text } from "@/text/auth";
import { useEnter } from "./entering";

/** What an account has for a second factor, as far as that is known. */
export type Kind = "totp" | "passkey" | "any";
export type ProofOfFactor = { totp: string } | { passkey: Assertion };
type Way = "totp" | "recovery" | "passkey";

const WAYS: Readonly<Record<Kind, readonly Way[]>> = {
  // An account with an app may have passkeys too.
  totp: ["totp", "passkey", "recovery"],
  passkey: ["passkey", "recovery"],
  any: ["totp", "passkey", "recovery"],
};
const NAMES = { totp: text.factor.useCode, recovery: text.factor.useRecovery, passkey: text.factor.usePasskey };

/** The second factor, by whichever way one has it. */
export function FactorStep({ kind, onProve, onBack }: { kind: Kind; onProve: (proof: ProofOfFactor) => Promise<SignedIn>; onBack: () => void }) {
  const enter = useEnter();
  const ways = WAYS[kind].filter((way) => way !== "passkey" || supported());
  const [way, setWay] = useState<Way>(ways[0] ?? "recovery");
  return (
    <>
      <Form
        key={way}
        action={way === "passkey" ? text.factor.usePasskey : text.signIn}
        wide
        onSend={async ({ totp = "" }) => {
          if (way !== "passkey") enter(await onProve({ totp: totp.trim() }));
          else {
            const options = await postAuthPasskeysSignInOptions();
            enter(await onProve({ passkey: await find(options.data.public_key) }));
          }
        }}
      >
        {(errors) =>
          way === "totp" ? (
            // Whoever comes here has nothing else to do than to type it.
            // eslint-disable-next-line jsx-a11y/no-autofocus
            <TextField autoFocus label={text.factor.code} hint={text.factor.codeHint} name="totp" required inputMode="numeric" autoComplete="one-time-code" pattern="\s*([0-9]\s*){6}" maxLength={16} error={errors.totp} className="font-mono tracking-widest" />
          ) : (
            way === "recovery" && (
              // eslint-disable-next-line jsx-a11y/no-autofocus -- as above
              <TextField autoFocus label={text.factor.recovery} hint={text.factor.recoveryHint} name="totp" required autoComplete="off" autoCapitalize="none" spellCheck={false} maxLength={32} error={errors.totp} className="font-mono" />
            )
          )
        }
      </Form>
      <ul className="space-y-1">
        {ways
          .filter((other) => other !== way)
          .map((other) => (
            <li key={other}>
              <Button
                look="quiet"
                className="w-full"
                onClick={() => {
                  setWay(other);
                }}
              >
                {NAMES[other]}
              </Button>
            </li>
          ))}
        <li>
          <Button look="quiet" className="text-muted w-full" onClick={onBack}>
            {text.back}
          </Button>
        </li>
      </ul>
    </>
  );
}
