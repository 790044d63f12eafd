import { useState } from "react";
import { postAuthRecoveryCodes } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { account as text } from "@/text/account";
import { useFactors, useRefetch } from "./api";
import { CodesDialog } from "./CodesDialog";
import { Section } from "./Section";
import { StepUp } from "./StepUp";

const FEW = 3;

/** How many recovery codes are left; who has no second factor has no use for any. */
export function RecoveryCodes() {
  const { data } = useFactors();
  const refetch = useRefetch();
  const [open, setOpen] = useState<"ask" | readonly string[]>();
  const close = () => {
    setOpen(undefined);
  };
  if (!data || (!data.totp && data.passkeys.length === 0)) return null;
  const left = data.recovery_codes_left;
  return (
    <Section
      title={text.codes.title}
      hint={text.codes.hint}
      action={
        <Button
          onClick={() => {
            setOpen("ask");
          }}
        >
          {text.codes.renew}
        </Button>
      }
    >
      <Badge kind={left > FEW ? "good" : "warn"}>{text.codes.left(left)}</Badge>
      {open === "ask" && (
        <StepUp
          title={text.codes.renew}
          action={text.codes.renew}
          onClose={close}
          onProve={async (proof) => {
            setOpen((await postAuthRecoveryCodes({ body: proof })).data.recovery_codes ?? []);
            await refetch.factors();
          }}
        >
          {() => <p className="text-muted">{text.codes.renewHint}</p>}
        </StepUp>
      )}
      {open !== undefined && open !== "ask" && <CodesDialog codes={open} onClose={close} />}
    </Section>
  );
}
