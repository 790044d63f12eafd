import { useMutation } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { problem } from "@/api/errors";
import { postAuthPasskeysSignIn, postAuthPasskeysSignInOptions } from "@/api/generated";
import { Cancelled, find, supported } from "@/api/webauthn";
import { Button, buttonClass } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { auth as text } from "@/text/auth";
import { refusal } from "@/text/form";
import { useProviders } from "./api";
import { useEnter } from "./entering";
import { usePasskeyInField } from "./passkeyInField";

/** The ways in that need no password: a passkey, and the provider's account. */
export function OtherWays({ next }: { next: string }) {
  const enter = useEnter();
  const providers = useProviders();
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
  if (!supported() && providers.length === 0) return null;
  return (
    <div className="space-y-3">
      <p className="text-muted flex items-center gap-3 text-xs before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">{text.or}</p>
      {passkey.error && !(passkey.error instanceof Cancelled) && <Notice kind="danger">{refusal(problem(passkey.error))}</Notice>}
      {supported() && (
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
      )}
      {providers.map(({ name, start }) => (
        <a key={start} href={`${start}?${new URLSearchParams({ next: `/app${next}` }).toString()}`} className={`${buttonClass()} w-full`}>
          <span className="truncate">{text.withProvider(name)}</span>
        </a>
      ))}
    </div>
  );
}
