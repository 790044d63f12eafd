import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { problem } from "@/api/errors";
import { useUser } from "@/api/session";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Form, type Values } from "@/components/Form";
import { PasswordField } from "@/components/PasswordField";
import { TextField } from "@/components/TextField";
import { account as text } from "@/text/account";
import { type Proof, useFactors } from "./api";
import { Username } from "./Username";

/**
 * Ask who is there to prove that it is them, with what the deed wants to know besides. `onProve` does the deed and then takes the
 * dialog away; what it throws is shown here. Who needs a code is known by their app, or by what the API says.
 */
export function StepUp({
  title,
  action,
  danger = false,
  onProve,
  onClose,
  children,
}: {
  title: string;
  action: string;
  danger?: boolean;
  onProve: (proof: Proof, values: Values) => Promise<unknown>;
  onClose: () => void;
  /** What is to be read or filled in before, told what is wrong with each field. */
  children?: (errors: Values) => ReactNode;
}) {
  const user = useUser();
  const app = useFactors().data?.totp;
  const [asked, setAsked] = useState(false);
  return (
    <Dialog title={title} width="small" onClose={onClose}>
      <Form
        action={action}
        look={danger ? "danger" : "primary"}
        beside={<Button onClick={onClose}>{text.cancel}</Button>}
        onSend={async (values) => {
          const { password = "", code = "" } = values;
          try {
            await onProve(code.trim() ? { password, code: code.trim() } : { password }, values);
          } catch (error) {
            if (problem(error).code === "code_required") setAsked(true);
            throw error;
          }
        }}
      >
        {(errors) => (
          <>
            {children?.(errors) ?? <p className="text-muted">{text.proof.hint}</p>}
            <Username />
            <PasswordField label={text.proof.password} name="password" autoComplete="current-password" error={errors.password} />
            {(app != null || asked) && (
              <TextField label={text.proof.code} hint={text.proof.codeHint} name="code" required autoComplete="one-time-code" autoCapitalize="none" spellCheck={false} maxLength={32} error={errors.code} className="font-mono" />
            )}
            <Link to="/forgot" state={{ email: user.email ?? undefined }} className="text-accent inline-block text-xs hover:underline">
              {text.proof.forgotten}
            </Link>
          </>
        )}
      </Form>
    </Dialog>
  );
}
