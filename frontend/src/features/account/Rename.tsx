import { patchAuthMe } from "@/api/generated";
import { update, useUser } from "@/api/session";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Form } from "@/components/Form";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";

/** A dialog in which somebody says what to call them, or nothing. */
export function Rename({ onClose }: { onClose: () => void }) {
  const { name } = useUser();
  return (
    <Dialog title={text.profile.rename} width="small" onClose={onClose}>
      <Form
        action={text.profile.save}
        beside={<Button onClick={onClose}>{text.cancel}</Button>}
        onSend={async ({ name = "" }) => {
          update((await patchAuthMe({ body: { name: name.trim() } })).data);
          toast(text.profile.renamed);
          onClose();
        }}
      >
        {(errors) => <TextField label={text.profile.name} hint={text.profile.nameHint} name="name" autoComplete="name" maxLength={100} defaultValue={name} error={errors.name} />}
      </Form>
    </Dialog>
  );
}
