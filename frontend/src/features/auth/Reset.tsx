import { useNavigate } from "@tanstack/react-router";
import { postAuthReset } from "@/api/generated";
import { end } from "@/api/session";
import { Form } from "@/components/Form";
import { NewPasswordField } from "@/components/NewPasswordField";
import { auth as text } from "@/text/auth";
import { useFragment } from "./fragment";
import { Frame } from "./Frame";
import { NoTicket } from "./NoTicket";

/** Choose a new password, with a mail's ticket in place of the old one. All sessions end by it. */
export function Reset() {
  const { ticket } = useFragment();
  const navigate = useNavigate();
  if (ticket === undefined) return <NoTicket />;
  return (
    <Frame title={text.reset.title}>
      <p className="text-muted">{text.reset.hint}</p>
      <Form
        action={text.reset.save}
        wide
        onSend={async ({ password = "" }) => {
          await postAuthReset({ body: { ticket, password } });
          end();
          await navigate({ to: "/sign-in", search: { said: "reset" } });
        }}
      >
        {(errors) => <NewPasswordField label={text.newPassword} error={errors.password} />}
      </Form>
    </Frame>
  );
}
