import { Link, useLocation } from "@tanstack/react-router";
import { useState } from "react";
import { postAuthForgot } from "@/api/generated";
import { Button } from "@/components/Button";
import { Form } from "@/components/Form";
import { Notice } from "@/components/Notice";
import { TextField } from "@/components/TextField";
import { auth as text } from "@/text/auth";
import { Frame } from "./Frame";

declare module "@tanstack/history" {
  interface HistoryState {
    /** What was typed as one's address where one signs in. */
    email?: string;
  }
}

/** Ask for a mail with which a new password is chosen. It tells nobody whether there is an account. */
export function Forgot() {
  const typed = useLocation({ select: (location) => location.state.email ?? "" });
  const [sent, setSent] = useState<string>();
  const back = (
    <Link to="/sign-in" className="text-accent font-medium hover:underline">
      {text.signIn}
    </Link>
  );
  if (sent !== undefined)
    return (
      <Frame title={text.forgot.sent} beneath={back}>
        <Notice kind="good">{text.forgot.sentHint(sent)}</Notice>
        <Button
          className="w-full"
          onClick={() => {
            setSent(undefined);
          }}
        >
          {text.forgot.again}
        </Button>
      </Frame>
    );
  return (
    <Frame title={text.forgot.title} beneath={back}>
      <p className="text-muted">{text.forgot.hint}</p>
      <Form
        action={text.forgot.send}
        wide
        onSend={async ({ email = "" }) => {
          await postAuthForgot({ body: { email } });
          setSent(email);
        }}
      >
        {(errors) => <TextField label={text.email} name="email" type="email" required autoComplete="username" maxLength={254} defaultValue={typed} error={errors.email} />}
      </Form>
    </Frame>
  );
}
