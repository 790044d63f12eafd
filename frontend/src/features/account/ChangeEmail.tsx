import { useState } from "react";
import { postAuthEmail } from "@/api/generated";
import { Form } from "@/components/Form";
import { Notice } from "@/components/Notice";
import { PasswordField } from "@/components/PasswordField";
import { TextField } from "@/components/TextField";
import { account as text } from "@/text/account";
import { Section } from "./Section";

export function ChangeEmail() {
  const [sent, setSent] = useState<string>();
  return (
    <Section title={text.email.title} hint={text.email.hint}>
      {sent !== undefined && <Notice kind="good">{text.email.sent(sent)}</Notice>}
      <Form
        key={sent}
        action={text.email.save}
        look="secondary"
        onSend={async ({ email = "", password = "" }) => {
          await postAuthEmail({ body: { email, password } });
          setSent(email);
        }}
      >
        {(errors) => (
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField label={text.email.new} name="email" type="email" required autoComplete="email" maxLength={254} error={errors.email} />
            <PasswordField label={text.proof.password} name="password" autoComplete="current-password" error={errors.password} />
          </div>
        )}
      </Form>
    </Section>
  );
}
