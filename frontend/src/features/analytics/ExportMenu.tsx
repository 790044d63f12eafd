import { Download } from "lucide-react";
import { problem } from "@/api/errors";
import { Menu } from "@/components/Menu";
import { toast } from "@/lib/toast";
import { analytics as text } from "@/text/analytics";
import { type Extract, fetchFile, type Format, save } from "./download";
import { useView } from "./view";

const TYPES: Record<Format, string> = { csv: "text/csv", json: "application/json" };

/** Download a table, as it is filtered. Shares give no files. */
export function ExportMenu({ extract, name = extract.what }: { extract: Extract; name?: string }) {
  const { of, question } = useView();
  if ("shared" in of) return null;
  async function download(format: Format) {
    try {
      save(await fetchFile(question, extract, format), `${name}.${format}`, TYPES[format]);
    } catch (error) {
      toast(text.export.failed(problem(error).message), { kind: "danger" });
    }
  }
  return (
    <Menu
      trigger={(parts) => (
        <button {...parts} aria-label={text.export.label} title={text.export.label} className="text-muted hover:bg-raised hover:text-ink inline-flex size-8 shrink-0 items-center justify-center rounded-lg print:hidden">
          <Download size={15} />
        </button>
      )}
      items={[
        { label: text.export.csv, onSelect: () => void download("csv") },
        { label: text.export.json, onSelect: () => void download("json") },
      ]}
    />
  );
}
