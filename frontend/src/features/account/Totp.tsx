import { useState } from "react";
import { deleteAuthTotp, postAuthTotp, type TotpBegun } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { date } from "@/lib/format";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { useFactors, useRefetch } from "./api";
import { CodesDialog } from "./CodesDialog";
import { Section } from "./Section";
import { StepUp } from "./StepUp";
import { TotpSetUp } from "./TotpSetUp";

type Open = { what: "begin" | "remove" } | { what: "scan"; begun: TotpBegun } | { what: "codes"; codes: readonly string[] };

export function Totp() {
  const { data, error, refetch: retry } = useFactors();
  const refetch = useRefetch();
  const [open, setOpen] = useState<Open>();
  const close = () => {
    setOpen(undefined);
  };
  const set = (what: "begin" | "remove") => () => {
    setOpen({ what });
  };
  return (
    <Section title={text.totp.title} hint={text.totp.hint} action={data && (data.totp ? <Button onClick={set("remove")}>{text.remove}</Button> : <Button onClick={set("begin")}>{text.totp.setUp}</Button>)}>
      {error && <Failed error={error} reset={() => void retry()} />}
      {data ? <Badge kind={data.totp ? "good" : "plain"}>{data.totp ? text.totp.since(date(data.totp.confirmed_at)) : text.totp.off}</Badge> : !error && <div className="skeleton h-5 w-32" />}
      {open?.what === "begin" && (
        <StepUp
          title={text.totp.title}
          action={text.totp.setUp}
          onClose={close}
          onProve={async (proof) => {
            setOpen({ what: "scan", begun: (await postAuthTotp({ body: proof })).data });
          }}
        />
      )}
      {open?.what === "scan" && (
        <TotpSetUp
          begun={open.begun}
          onClose={close}
          onDone={async (codes) => {
            setOpen(codes ? { what: "codes", codes } : undefined);
            toast(text.totp.done);
            await refetch.factors();
          }}
        />
      )}
      {open?.what === "codes" && <CodesDialog codes={open.codes} onClose={close} />}
      {open?.what === "remove" && (
        <StepUp
          title={text.totp.remove}
          action={text.remove}
          danger
          onClose={close}
          onProve={async (proof) => {
            await deleteAuthTotp({ body: proof });
            close();
            toast(text.totp.removed);
            await refetch.factors();
          }}
        >
          {() => <p className="text-muted">{text.totp.removeHint}</p>}
        </StepUp>
      )}
    </Section>
  );
}
