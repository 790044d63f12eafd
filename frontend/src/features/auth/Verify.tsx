import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { problem } from "@/api/errors";
import { getAuthMe, postAuthVerify } from "@/api/generated";
import { current, update } from "@/api/session";
import { buttonClass } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { Form } from "@/components/Form";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { PasswordField } from "@/components/PasswordField";
import { auth as text } from "@/text/auth";
import { form, refusal } from "@/text/form";
import { settled, useVisitor } from "./entering";
import { useFragment } from "./fragment";
import { Frame } from "./Frame";
import { NoTicket } from "./NoTicket";

async function verify(ticket: string, password?: string): Promise<void> {
  await postAuthVerify({ body: password === undefined ? { ticket } : { ticket, password } });
  if (current().status === "in") update((await getAuthMe()).data.user);
}

/**
 * Prove an address by its mail's ticket. That alone could be asked for by a stranger's registration: the account's session, or
 * its password, says that it is one's own.
 */
export function Verify() {
  const { ticket } = useFragment();
  const session = useVisitor();
  const proof = useMutation({ mutationFn: ({ ticket, password }: { ticket: string; password?: string }) => verify(ticket, password) });
  const { mutate } = proof;
  const signedIn = settled(session);
  useEffect(() => {
    if (ticket !== undefined && signedIn) mutate({ ticket });
  }, [ticket, signedIn, mutate]);

  if (ticket === undefined) return <NoTicket />;
  if (proof.isSuccess)
    return (
      <Frame title={text.verify.title}>
        <Notice kind="good">{text.verify.done}</Notice>
        <Link to={signedIn ? "/links" : "/sign-in"} className={`${buttonClass({ look: "primary" })} w-full`}>
          {signedIn ? text.verify.go : text.signIn}
        </Link>
      </Frame>
    );
  const failed = proof.error && problem(proof.error);
  const elsewhere = failed?.code === "account_unproved";
  return (
    <Frame title={text.verify.title}>
      {signedIn && failed && !elsewhere && (
        <>
          {failed.passing ? (
            <Failed
              error={failed}
              reset={() => {
                mutate({ ticket });
              }}
            />
          ) : (
            <Notice kind="danger">{refusal(failed)}</Notice>
          )}
          <Link to="/links" className={`${buttonClass()} w-full`}>
            {text.verify.go}
          </Link>
        </>
      )}
      {(session.status === "unknown" || (signedIn && !failed)) && <PageSkeleton />}
      {((!signedIn && session.status !== "unknown") || elsewhere) && (
        <>
          <p className="text-muted">{elsewhere ? form.refusals.account_unproved : text.verify.prove}</p>
          <Form action={text.verify.confirm} wide onSend={async ({ password = "" }) => proof.mutateAsync({ ticket, password })}>
            {(errors) => <PasswordField label={text.password} name="password" autoComplete="current-password" error={errors.password} />}
          </Form>
        </>
      )}
    </Frame>
  );
}
