import { useState } from "react";
import { deleteWorkspacesByWorkspaceId, type WorkspaceOut } from "@/api/generated";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { TextField } from "@/components/TextField";
import { toast } from "@/lib/toast";
import { settings as text } from "@/text/settings";
import { useEnter } from "./api";

/** Deletes the workspace that one is in, once its name has been typed. */
export function DeleteWorkspace({ workspace }: { workspace: WorkspaceOut }) {
  const enter = useEnter();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  async function remove() {
    if (typed.trim() !== workspace.name) throw new Error(text.removeWrong);
    await deleteWorkspacesByWorkspaceId({ path: { workspace_id: workspace.id }, headers: { "If-Match": `"${workspace.version}"` } });
    toast(text.removed(workspace.name));
    await enter(null);
  }
  if (workspace.personal) return <p className="text-muted">{text.personalStays}</p>;
  return (
    <section aria-labelledby="danger" className="border-danger rounded-xl border p-5">
      <h2 id="danger" className="text-base font-semibold">
        {text.danger}
      </h2>
      <p className="text-muted mt-1 mb-4 max-w-prose">{text.dangerHint}</p>
      <Button
        look="danger"
        onClick={() => {
          setTyped("");
          setOpen(true);
        }}
      >
        {text.remove}
      </Button>
      {open && (
        <Confirm
          title={text.removeTitle(workspace.name)}
          action={text.remove}
          onConfirm={remove}
          onClose={() => {
            setOpen(false);
          }}
        >
          <p>{text.dangerHint}</p>
          <TextField
            label={<span className="min-w-0 break-words">{text.removeType(workspace.name)}</span>}
            autoComplete="off"
            value={typed}
            onChange={(event) => {
              setTyped(event.target.value);
            }}
          />
        </Confirm>
      )}
    </section>
  );
}
