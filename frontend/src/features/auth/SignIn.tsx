import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { postAuthLogin, postAuthOidcFinish } from "@/api/generated";
import { Notice } from "@/components/Notice";
import { auth as text } from "@/text/auth";
import { useGoOn } from "./entering";
import { FactorStep, type Kind, type ProofOfFactor } from "./FactorStep";
import { useFragment } from "./fragment";
import { Frame } from "./Frame";
import { PasswordStep, type Credentials } from "./PasswordStep";
import { useRegistration } from "./api";
import { inside } from "./next";

/** Who a second factor is asked of: who has typed a password, or who has come back from a provider with a ticket. */
type Half = { kind: Kind; credentials: Credentials } | { kind: "any"; ticket: string };

const said = (error: string): string => {
  const known: Readonly<Record<string, string>> = text.errors;
  return known[error] ?? text.errors.other;
};

async function finish(half: Half, proof: ProofOfFactor) {
  const answer =
    "ticket" in half
      ? await postAuthOidcFinish({ body: { ticket: half.ticket, ...proof } })
      : await postAuthLogin({ body: { ...half.credentials, ...proof } });
  return answer.data;
}

export function SignIn({ next, notice }: { next?: string | undefined; notice?: string | undefined }) {
  useGoOn(next);
  const { factor, error } = useFragment();
  const [half, setHalf] = useState<Half>();
  const [left, setLeft] = useState<string>();
  const registration = useRegistration();
  const ticket = factor !== undefined && factor !== left ? factor : undefined;
  const now: Half | undefined = half ?? (ticket === undefined ? undefined : { kind: "any", ticket });

  if (now)
    return (
      <Frame title={text.factor.title}>
        <FactorStep
          kind={now.kind}
          onProve={(proof) => finish(now, proof)}
          onBack={() => {
            setHalf(undefined);
            setLeft(factor);
          }}
        />
      </Frame>
    );
  return (
    <Frame
      title={text.signIn}
      beneath={
        (registration.data?.mode ?? "open") === "open" && (
          <>
            {text.noAccount}{" "}
            <Link to="/register" search={next ? { next } : {}} className="text-accent font-medium hover:underline">
              {text.register}
            </Link>
          </>
        )
      }
    >
      {error && <Notice kind="danger">{said(error)}</Notice>}
      {notice && <Notice kind="good">{notice}</Notice>}
      <PasswordStep
        next={inside(next)}
        onHalf={(kind, credentials) => {
          setHalf({ kind, credentials });
        }}
      />
    </Frame>
  );
}
