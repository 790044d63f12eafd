import { postAuthRegister } from "@/api/generated";
import { Form } from "@/components/Form";
import { NewPasswordField } from "@/components/NewPasswordField";
import { TextField } from "@/components/TextField";
import { auth as text } from "@/text/auth";
import { form } from "@/text/form";
import { useEnter } from "./entering";

/** Address, password and, who likes, a name. `email` is settled where an invitation is for one address. */
export function RegisterForm({ action, invitation, email, onDone }: { action: string; invitation?: string | undefined; email?: string; onDone?: () => void }) {
  const enter = useEnter();
  return (
    <Form
      action={action}
      wide
      onSend={async ({ email: typed = "", password = "", name = "" }) => {
        const { data } = await postAuthRegister({ body: { email: typed, password, name, ...(invitation === undefined ? {} : { invitation }) } });
        enter(data);
        onDone?.();
      }}
    >
      {(errors) => (
        <>
          <TextField label={text.email} name="email" type="email" required autoComplete="username" maxLength={254} defaultValue={email} readOnly={email !== undefined} error={errors.email} />
          <NewPasswordField label={text.password} error={errors.password} />
          <TextField label={text.registration.name} name="name" autoComplete="name" maxLength={100} optional={form.optional} hint={text.registration.nameHint} error={errors.name} />
        </>
      )}
    </Form>
  );
}
