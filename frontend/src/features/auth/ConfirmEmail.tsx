import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { getAuthMe, postAuthEmailConfirm } from "@/api/generated";
import { current, update } from "@/api/session";
import { buttonClass } from "@/components/Button";
import { Form } from "@/components/Form";
import { Notice } from "@/components/Notice";
import { auth as text } from "@/text/auth";
import { settled, useVisitor } from "./entering";
import { useFragment } from "./fragment";
import { Frame } from "./Frame";
import { NoTicket } from "./NoTicket";

/** Confirm a change of address. It takes a press: programs that look into mails follow links too, and press nothing. */
export function ConfirmEmail() {
  const { ticket } = useFragment();
  const session = useVisitor();
  const [changed, setChanged] = useState<boolean>();
  if (ticket === undefined) return <NoTicket />;
  return (
    <Frame title={text.change.title}>
      {changed === undefined ? (
        <>
          <p className="text-muted">{text.change.ask}</p>
          <Form
            action={text.change.confirm}
            wide
            onSend={async () => {
              const { data } = await postAuthEmailConfirm({ body: { ticket } });
              if (data.changed && current().status === "in") update((await getAuthMe()).data.user);
              setChanged(data.changed);
            }}
          >
            {() => null}
          </Form>
        </>
      ) : (
        <>
          <Notice kind="good">{changed ? text.change.changed : text.change.half}</Notice>
          <Link to={settled(session) ? "/account" : "/sign-in"} className={`${buttonClass()} w-full`}>
            {settled(session) ? text.verify.go : text.signIn}
          </Link>
        </>
      )}
    </Frame>
  );
}
