import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { postAdminBlockedHostsImport } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Field } from "@/components/Field";
import { Notice } from "@/components/Notice";
import { TextField } from "@/components/TextField";
import { number } from "@/lib/format";
import { admin } from "@/text/admin";
import { useAnew } from "./api";

const text = admin.hosts;

/** Blocks the hosts of a file, and says which of its lines could not be understood. */
export function BlockList({ onClose }: { onClose: () => void }) {
  const anew = useAnew();
  const [file, setFile] = useState<File | null>(null);
  const [reason, setReason] = useState("");
  const take = useMutation({
    mutationFn: async () => {
      if (!file) throw new Error(text.fileMissing);
      const { data } = await postAdminBlockedHostsImport({ body: await file.text(), query: { reason: reason.trim() || null } });
      await anew();
      return data;
    },
  });
  const done = take.data;
  return (
    <Dialog
      title={text.import}
      onClose={onClose}
      footer={
        done ? (
          <Button look="primary" onClick={onClose}>
            {text.close}
          </Button>
        ) : (
          <Button
            look="danger"
            busy={take.isPending}
            onClick={() => {
              take.mutate();
            }}
          >
            {text.importing}
          </Button>
        )
      }
    >
      {done ? (
        <div className="space-y-3">
          <Notice kind="good">{text.imported(number(done.added), number(done.known))}</Notice>
          {done.rejected > 0 && (
            <>
              <p>{text.rejected(number(done.rejected))}</p>
              <ul className="bg-raised space-y-1 rounded-lg p-3 text-xs">
                {done.lines.slice(0, 50).map((line) => (
                  <li key={line.line} className="break-all">
                    {text.line(line.line)}: {line.text}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      ) : (
        <div className="space-y-4">
          {take.error && <Notice kind="danger">{problem(take.error).message}</Notice>}
          <Field label={text.file} hint={text.importHint}>
            {(parts) => (
              <input
                {...parts}
                type="file"
                accept=".txt,.hosts,text/plain"
                className="input file:text-ink h-auto py-1.5 file:mr-3 file:font-medium"
                onChange={(event) => {
                  setFile(event.target.files?.[0] ?? null);
                }}
              />
            )}
          </Field>
          <TextField
            label={admin.reason}
            optional={admin.optional}
            hint={admin.reasonHint}
            value={reason}
            onChange={(event) => {
              setReason(event.target.value);
            }}
          />
        </div>
      )}
    </Dialog>
  );
}
