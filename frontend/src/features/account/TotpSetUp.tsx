import { postAuthTotpConfirm, type TotpBegun } from "@/api/generated";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { Form } from "@/components/Form";
import { TextField } from "@/components/TextField";
import { account as text } from "@/text/account";
import { QrCode } from "./QrCode";

const grouped = (secret: string) => secret.replace(/(.{4})(?=.)/g, "$1 ");

/** Show an app its secret, as a picture and to be typed, and have it show that it knows it. */
export function TotpSetUp({ begun, onDone, onClose }: { begun: TotpBegun; onDone: (codes: readonly string[] | null) => Promise<void>; onClose: () => void }) {
  return (
    <Dialog title={text.totp.title} width="small" onClose={onClose}>
      <Form
        action={text.totp.confirm}
        beside={<Button onClick={onClose}>{text.cancel}</Button>}
        onSend={async ({ code = "" }) => {
          const { data } = await postAuthTotpConfirm({ body: { code } });
          await onDone(data.recovery_codes);
        }}
      >
        {(errors) => (
          <>
            <p>{text.totp.scan}</p>
            <QrCode content={begun.uri} label={text.totp.picture} />
            <div>
              <p className="text-muted">{text.totp.secret}</p>
              <p className="flex items-center gap-1">
                <code className="min-w-0 text-sm break-words">{grouped(begun.secret)}</code>
                <CopyButton value={begun.secret} />
              </p>
            </div>
            <TextField label={text.totp.code} name="code" required inputMode="numeric" autoComplete="one-time-code" pattern="\s*([0-9]\s*){6}" maxLength={16} error={errors.code} className="font-mono tracking-widest" />
          </>
        )}
      </Form>
    </Dialog>
  );
}
