import { useState } from "react";
import { Link } from "@tanstack/react-router";
import { postAuthPassword } from "@/api/generated";
import { useUser } from "@/api/session";
import { Form } from "@/components/Form";
import { NewPasswordField } from "@/components/NewPasswordField";
import { PasswordField } from "@/components/PasswordField";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { useRefetch } from "./api";
import { Section } from "./Section";
import { Username } from "./Username";

export function ChangePassword() {
  const user = useUser();
  const refetch = useRefetch();
  const [changes, setChanges] = useState(0);
  return (
    <Section title={text.password.title} hint={text.password.hint}>
      <Form
        key={changes}
        action={text.password.save}
        look="secondary"
        beside={
          <Link to="/forgot" state={{ email: user.email ?? undefined }} className="text-accent mr-auto hover:underline">
            {text.proof.forgotten}
          </Link>
        }
        onSend={async (values) => {
          await postAuthPassword({ body: { current: values.current ?? "", new: values.new ?? "" } });
          setChanges(changes + 1);
          toast(text.password.done);
          await refetch.sessions();
        }}
      >
        {(errors) => (
          <div className="grid gap-4 sm:grid-cols-2">
            <Username />
            <PasswordField label={text.password.current} name="current" autoComplete="current-password" error={errors.current} />
            <NewPasswordField label={text.password.new} name="new" error={errors.new} />
          </div>
        )}
      </Form>
    </Section>
  );
}
