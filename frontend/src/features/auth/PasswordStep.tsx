import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { problem } from "@/api/errors";
import { postAuthLogin } from "@/api/generated";
import { Form } from "@/components/Form";
import { PasswordField } from "@/components/PasswordField";
import { TextField } from "@/components/TextField";
import { auth as text } from "@/text/auth";
import { useEnter } from "./entering";
import type { Kind } from "./FactorStep";
import { OtherWays } from "./OtherWays";

export interface Credentials {
  email: string;
  password: string;
}

const KINDS: Readonly<Record<string, Kind>> = { totp_required: "totp", passkey_required: "passkey" };

/** Who are you? By password, or by what needs none. `onHalf` is told when the password was right and a second factor is asked for. */
export function PasswordStep({ next, onHalf }: { next: string; onHalf: (kind: Kind, credentials: Credentials) => void }) {
  const enter = useEnter();
  const [email, setEmail] = useState("");
  return (
    <>
      <Form
        action={text.signIn}
        wide
        onSend={async ({ email = "", password = "" }) => {
          const credentials = { email, password };
          try {
            enter((await postAuthLogin({ body: credentials })).data);
          } catch (error) {
            const kind = KINDS[problem(error).code];
            if (!kind) throw error;
            onHalf(kind, credentials);
          }
        }}
      >
        {(errors) => (
          <>
            <TextField
              label={text.email}
              name="email"
              type="email"
              required
              autoComplete="username webauthn"
              maxLength={254}
              error={errors.email}
              value={email}
              onChange={(event) => {
                setEmail(event.currentTarget.value);
              }}
            />
            <PasswordField label={text.password} name="password" autoComplete="current-password webauthn" error={errors.password} />
            <p className="text-right">
              <Link to="/forgot" state={{ email }} className="text-accent font-medium hover:underline">
                {text.forgotten}
              </Link>
            </p>
          </>
        )}
      </Form>
      <OtherWays next={next} />
    </>
  );
}
