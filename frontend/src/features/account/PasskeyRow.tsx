import { MoreHorizontal } from "lucide-react";
import { useState } from "react";
import { deleteAuthPasskeysByPasskey, patchAuthPasskeysByPasskey, type PasskeyOut } from "@/api/generated";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Form } from "@/components/Form";
import { IconButton } from "@/components/IconButton";
import { Menu } from "@/components/Menu";
import { TextField } from "@/components/TextField";
import { ago, date } from "@/lib/format";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { useRefetch } from "./api";
import { StepUp } from "./StepUp";

export function PasskeyRow({ passkey }: { passkey: PasskeyOut }) {
  const { id, name, created_at, last_used_at } = passkey;
  const refetch = useRefetch();
  const [open, setOpen] = useState<"rename" | "remove">();
  const close = () => {
    setOpen(undefined);
  };
  const set = (what: "rename" | "remove") => () => {
    setOpen(what);
  };
  return (
    <li className="flex items-center gap-3 py-2.5">
      <div className="min-w-0 flex-1">
        <p className="font-medium break-words">{name}</p>
        <p className="text-muted text-xs">
          {text.passkeys.added(date(created_at))} · {last_used_at ? text.passkeys.used(ago(last_used_at)) : text.passkeys.unused}
        </p>
      </div>
      <Menu
        trigger={(parts) => (
          <IconButton {...parts} label={text.passkeys.more(name)}>
            <MoreHorizontal size={18} />
          </IconButton>
        )}
        items={[
          { label: text.passkeys.rename, onSelect: set("rename") },
          { label: text.remove, danger: true, onSelect: set("remove") },
        ]}
      />
      {open === "rename" && (
        <Dialog title={text.passkeys.rename} width="small" onClose={close}>
          <Form
            action={text.passkeys.save}
            beside={<Button onClick={close}>{text.cancel}</Button>}
            onSend={async ({ name = "" }) => {
              await patchAuthPasskeysByPasskey({ path: { passkey: id }, body: { name } });
              await refetch.factors();
              close();
            }}
          >
            {(errors) => <TextField label={text.passkeys.name} name="name" required maxLength={100} defaultValue={name} error={errors.name} />}
          </Form>
        </Dialog>
      )}
      {open === "remove" && (
        <StepUp
          title={text.passkeys.remove(name)}
          action={text.remove}
          danger
          onClose={close}
          onProve={async (proof) => {
            await deleteAuthPasskeysByPasskey({ path: { passkey: id }, body: proof });
            close();
            toast(text.passkeys.removed(name));
            await refetch.factors();
          }}
        >
          {() => <p className="text-muted">{text.passkeys.removeHint}</p>}
        </StepUp>
      )}
    </li>
  );
}
