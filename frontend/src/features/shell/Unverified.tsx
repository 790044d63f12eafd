import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { postAuthVerifyResendMutation } from "@/api/generated/@tanstack/react-query.gen";
import { problem } from "@/api/errors";
import { useUser } from "@/api/session";
import { Button, buttonClass } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { shell as text } from "@/text/shell";
import { toast } from "@/lib/toast";

/** Reminds a guest to sign up, and everybody of the mail that proves the address: without it a forgotten password is lost. */
export function Unverified() {
  const user = useUser();
  const resend = useMutation({
    ...postAuthVerifyResendMutation(),
    onSuccess: () => toast(text.resent),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  if (user.guest)
    return (
      <div className="mb-5 print:hidden">
        <Notice action={<Link to="/register" className={buttonClass({ size: "small", look: "primary" })}>{text.signUp}</Link>}>{text.guestHint}</Notice>
      </div>
    );
  if (user.email === null || user.email_verified_at !== null || resend.isSuccess) return null;
  const { email } = user;
  return (
    <div className="mb-5 print:hidden">
      <Notice
        kind="warn"
        action={
          <Button
            size="small"
            busy={resend.isPending}
            onClick={() => {
              resend.mutate({ body: { email } });
            }}
          >
            {text.resend}
          </Button>
        }
      >
        {text.unverified}
      </Notice>
    </div>
  );
}
