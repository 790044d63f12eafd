import { useMutation } from "@tanstack/react-query";
import { postAuthVerifyResendMutation } from "@/api/generated/@tanstack/react-query.gen";
import { problem } from "@/api/errors";
import { useUser } from "@/api/session";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { shell as text } from "@/text/shell";
import { toast } from "@/lib/toast";

/** Reminds of the mail that proves the address; without it a forgotten password is lost. */
export function Unverified() {
  const user = useUser();
  const resend = useMutation({
    ...postAuthVerifyResendMutation(),
    onSuccess: () => toast(text.resent),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  if (user.guest || user.email_verified_at !== null || resend.isSuccess) return null;
  return (
    <div className="mb-5">
      <Notice
        kind="warn"
        action={
          <Button
            size="small"
            busy={resend.isPending}
            onClick={() => {
              resend.mutate({ body: { email: user.email } });
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
