import { useState } from "react";
import { supported } from "@/api/webauthn";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { account as text } from "@/text/account";
import { useFactors } from "./api";
import { CodesDialog } from "./CodesDialog";
import { PasskeyAdd } from "./PasskeyAdd";
import { PasskeyRow } from "./PasskeyRow";
import { Section } from "./Section";

export function Passkeys() {
  const { data, error, refetch } = useFactors();
  const [open, setOpen] = useState<"add" | readonly string[]>();
  const close = () => {
    setOpen(undefined);
  };
  return (
    <Section
      title={text.passkeys.title}
      hint={text.passkeys.hint}
      action={
        supported() && (
          <Button
            onClick={() => {
              setOpen("add");
            }}
          >
            {text.passkeys.add}
          </Button>
        )
      }
    >
      {!supported() && <p className="text-muted">{text.passkeys.unsupported}</p>}
      {error && <Failed error={error} reset={() => void refetch()} />}
      {!data && !error && <div className="skeleton h-12" />}
      {data?.passkeys.length === 0 && supported() && <p className="text-muted">{text.passkeys.none}</p>}
      {data && data.passkeys.length > 0 && (
        <ul className="divide-line divide-y">
          {data.passkeys.map((passkey) => (
            <PasskeyRow key={passkey.id} passkey={passkey} />
          ))}
        </ul>
      )}
      {open === "add" && (
        <PasskeyAdd
          onClose={close}
          onDone={(codes) => {
            setOpen(codes ?? undefined);
          }}
        />
      )}
      {open !== undefined && open !== "add" && <CodesDialog codes={open} onClose={close} />}
    </Section>
  );
}
