import { useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { deleteAuthIdentitiesByIdentity, type IdentityOut, postAuthOidcLink } from "@/api/generated";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { bare, date } from "@/lib/format";
import { account as text } from "@/text/account";
import { useIdentities, useProviders, useRefetch } from "./api";
import { Section } from "./Section";
import { StepUp } from "./StepUp";

const BACK = "/app/account?tab=security";

/** Accounts at a provider; nothing at all where there neither is a provider nor was one. */
export function Identities() {
  const failed = useLocation({ select: ({ hash }) => new URLSearchParams(hash).get("error") });
  const { data, error, refetch: retry } = useIdentities();
  const provider = useProviders().data?.items[0];
  const refetch = useRefetch();
  const [open, setOpen] = useState<"link" | IdentityOut>();
  const close = () => {
    setOpen(undefined);
  };
  if (!provider && !data?.items.length && !error) return null;
  return (
    <Section
      title={text.identities.title}
      hint={text.identities.hint}
      action={
        provider && (
          <Button
            onClick={() => {
              setOpen("link");
            }}
          >
            {text.identities.link(provider.name)}
          </Button>
        )
      }
    >
      {failed !== null && <Notice kind="danger">{failed === "identity_taken" ? text.identities.taken : text.identities.error}</Notice>}
      {error && <Failed error={error} reset={() => void retry()} />}
      {data?.items.length === 0 && <p className="text-muted">{text.identities.none}</p>}
      {data && data.items.length > 0 && (
        <ul className="divide-line divide-y">
          {data.items.map((identity) => (
            <li key={identity.id} className="flex items-center gap-3 py-2.5">
              <div className="min-w-0 flex-1">
                <p className="font-medium break-words">{identity.email ?? bare(identity.issuer)}</p>
                <p className="text-muted text-xs break-words">
                  {bare(identity.issuer)} · {text.identities.linked(date(identity.created_at))}
                </p>
              </div>
              <Button
                size="small"
                onClick={() => {
                  setOpen(identity);
                }}
              >
                {text.identities.unlink}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {open === "link" && provider && (
        <StepUp
          title={text.identities.link(provider.name)}
          action={text.identities.link(provider.name)}
          onClose={close}
          onProve={async (proof) => {
            location.assign((await postAuthOidcLink({ body: { ...proof, next: BACK } })).data.location);
          }}
        >
          {() => <p className="text-muted">{text.identities.linkHint}</p>}
        </StepUp>
      )}
      {typeof open === "object" && (
        <Confirm
          title={text.identities.unlinkTitle(open.email ?? bare(open.issuer))}
          action={text.identities.unlink}
          onClose={close}
          onConfirm={async () => {
            await deleteAuthIdentitiesByIdentity({ path: { identity: open.id } });
            await refetch.identities();
          }}
        >
          <p>{text.identities.unlinkHint}</p>
        </Confirm>
      )}
    </Section>
  );
}
