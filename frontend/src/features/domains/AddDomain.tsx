import { type SyntheticEvent, useState } from "react";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { TextField } from "@/components/TextField";
import { components } from "@/text/components";
import { domains as text } from "@/text/domains";
import { useAddDomain } from "./api";

/** Claim a host. */
export function AddDomain({ onClose }: { onClose: () => void }) {
  const [host, setHost] = useState("");
  const add = useAddDomain();
  const failed = add.error && problem(add.error);

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    add.mutate(host.trim(), { onSuccess: onClose });
  }
  return (
    <Dialog title={text.new} width="small" onClose={onClose}>
      <form noValidate onSubmit={submit} className="space-y-4">
        <TextField
          label={text.host}
          hint={text.hostHint}
          value={host}
          placeholder="go.example.com"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode="url"
          error={failed ? (failed.fields.host ?? failed.message) : undefined}
          onChange={(event) => {
            setHost(event.target.value);
          }}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{components.cancel}</Button>
          <Button type="submit" look="primary" busy={add.isPending} disabled={!host.trim()}>
            {text.add}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
