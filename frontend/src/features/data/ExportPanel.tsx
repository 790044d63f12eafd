import { Download } from "lucide-react";
import { useState } from "react";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { SelectField } from "@/components/SelectField";
import { download } from "@/lib/download";
import { toast } from "@/lib/toast";
import { data as text } from "@/text/data";
import { exported } from "./api";

const WHICH = { all: undefined, active: false, archived: true } as const;

/** Take the links along. */
export function ExportPanel() {
  const [which, setWhich] = useState<keyof typeof WHICH>("all");
  const [busy, setBusy] = useState<"csv" | "json" | null>(null);

  async function save(format: "csv" | "json") {
    setBusy(format);
    try {
      download(await exported({ format, archived: WHICH[which] }), `links.${format}`);
    } catch (error) {
      toast(problem(error).message, { kind: "danger" });
    }
    setBusy(null);
  }
  return (
    <div className="space-y-4">
      <p className="text-muted">{text.exportHint}</p>
      <div className="flex flex-wrap items-end gap-3">
        <SelectField label={text.which} value={which} onChange={(event) => { setWhich(event.target.value as keyof typeof WHICH); }}>
          <option value="all">{text.all}</option>
          <option value="active">{text.active}</option>
          <option value="archived">{text.archived}</option>
        </SelectField>
        {(["csv", "json"] as const).map((format) => (
          <Button key={format} busy={busy === format} onClick={() => void save(format)}>
            <Download aria-hidden size={15} />
            {text.exportAs(format.toUpperCase())}
          </Button>
        ))}
      </div>
    </div>
  );
}
