import { useMutation } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { problem } from "@/api/errors";
import { postAuthPasskeysSignIn, postAuthPasskeysSignInOptions } from "@/api/generated";
import { Cancelled, find } from "@/api/webauthn";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { auth as text } from "@/text/auth";
import { refusal } from "@/text/form";
import { useEnter } from "./entering";
import { usePasskeyInField } from "./passkeyInField";

/** Sign in with a passkey, which is both factors at once; where the browser can, it offers one in the field of the address too. */
export function PasskeyButton() {
  const enter = useEnter();
  const pause = usePasskeyInField(enter);
  const passkey = useMutation({
    mutationFn: async () => {
      // A browser asks for one passkey at a time.
      pause();
      const options = await postAuthPasskeysSignInOptions();
      const credential = await find(options.data.public_key);
      return (await postAuthPasskeysSignIn({ body: { credential } })).data;
    },
    onSuccess: enter,
  });
  return (
    <>
      {passkey.error && !(passkey.error instanceof Cancelled) && <Notice kind="danger">{refusal(problem(passkey.error))}</Notice>}
      <Button
        className="w-full"
        busy={passkey.isPending}
        onClick={() => {
          passkey.mutate();
        }}
      >
        <KeyRound aria-hidden size={16} />
        {text.withPasskey}
      </Button>
    </>
  );
}
