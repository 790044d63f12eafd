import { Copy, Download } from "lucide-react";
import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { Notice } from "@/components/Notice";
import { copy } from "@/lib/copy";
import { save } from "@/lib/save";
import { toast } from "@/lib/toast";
import { account as text } from "@/text/account";
import { components } from "@/text/components";

/** Recovery codes, this once: nobody can see them again, not even the server. */
export function CodesDialog({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const all = codes.join("\n");
  return (
    <Dialog
      title={text.codes.title}
      width="small"
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {text.codes.kept}
        </Button>
      }
    >
      <div className="space-y-4">
        <Notice kind="warn">{text.codes.once}</Notice>
        <ul className="grid gap-x-6 gap-y-1.5 font-mono sm:grid-cols-2">
          {codes.map((code) => (
            <li key={code} className="break-all">
              {code}
            </li>
          ))}
        </ul>
        <div className="flex flex-wrap gap-2">
          <Button
            onClick={async () => {
              if (await copy(all)) toast(components.copied);
            }}
          >
            <Copy aria-hidden size={16} />
            {text.codes.copyAll}
          </Button>
          <Button
            onClick={() => {
              save(new Blob([`${all}\n`], { type: "text/plain" }), text.codes.file);
            }}
          >
            <Download aria-hidden size={16} />
            {text.codes.download}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
