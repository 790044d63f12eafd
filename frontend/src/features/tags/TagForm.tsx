import { type SyntheticEvent, useState } from "react";
import type { TagOut } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { components } from "@/text/components";
import { tags as text } from "@/text/tags";
import { useSaveTag } from "./api";

/** Make a tag, or give one another name. */
export function TagForm({ tag, onClose }: { tag?: TagOut; onClose: () => void }) {
  const [name, setName] = useState(tag?.name ?? "");
  const save = useSaveTag(tag);
  const failed = save.error && problem(save.error);

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    save.mutate(name.trim(), {
      onSuccess: (saved) => {
        toast(tag ? text.renamed(saved.name) : text.created(saved.name));
        onClose();
      },
    });
  }
  return (
    <Dialog title={tag ? text.renameOf(tag.name) : text.new} width="small" onClose={onClose}>
      <form noValidate onSubmit={submit} className="space-y-4">
        <TextField
          label={text.name}
          value={name}
          maxLength={64}
          autoComplete="off"
          error={failed ? (failed.fields.name ?? failed.message) : undefined}
          onChange={(event) => {
            setName(event.target.value);
          }}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{components.cancel}</Button>
          <Button type="submit" look="primary" busy={save.isPending} disabled={!name.trim()}>
            {tag ? text.save : text.create}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
