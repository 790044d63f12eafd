import { supported } from "@/api/webauthn";
import { auth as text } from "@/text/auth";
import { useProviders } from "./api";
import { PasskeyButton } from "./PasskeyButton";
import { ProviderButton } from "./ProviderButton";

/** The ways in that need no password: an account at a provider, and, for who has an account here, a passkey. */
export function OtherWays({ next, passkey = true }: { next: string; passkey?: boolean }) {
  const providers = useProviders();
  const offered = passkey && supported();
  if (!offered && providers.length === 0) return null;
  return (
    <div className="space-y-3">
      <p className="text-muted before:bg-line after:bg-line flex items-center gap-3 text-xs before:h-px before:flex-1 after:h-px after:flex-1">{text.or}</p>
      {offered && <PasskeyButton />}
      {providers.map(({ name, start }) => (
        <ProviderButton key={start} name={name} start={start} next={next} />
      ))}
    </div>
  );
}
