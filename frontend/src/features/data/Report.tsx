import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import type { GinnelImportsReadingImportOut as Import } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { Failed } from "@/components/Failed";
import { download } from "@/lib/download";
import { toast } from "@/lib/toast";
import { data as text } from "@/text/data";
import { reported, reportOptions } from "./api";

/** Rows up to which the report is read into the page; longer ones are files. */
const READABLE = 5000;
const SHOWN = 100;

/** What went wrong, row by row. */
export function Report({ of }: { of: Import }) {
  const wanted = of.rows <= READABLE && of.failed + of.skipped > 0;
  const { data, error, refetch } = useQuery({ ...reportOptions(of.id), enabled: wanted });
  const [busy, setBusy] = useState(false);
  const wrong = (data ?? []).flatMap(({ row, state, errors }) => errors.map((one) => ({ row, state, ...one })));

  async function save() {
    setBusy(true);
    try {
      download(await reported(of.id), `import-${of.id}.csv`);
    } catch (failed) {
      toast(problem(failed).message, { kind: "danger" });
    }
    setBusy(false);
  }
  return (
    <div className="space-y-3">
      {error && <Failed error={error} reset={() => void refetch()} />}
      {wrong.length > 0 && (
        // A box that scrolls by itself is reached by the keyboard too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <div className="border-line max-h-96 overflow-auto rounded-lg border" tabIndex={0} role="region" aria-label={text.report}>
          <table className="w-full text-left">
            <caption className="sr-only">{text.report}</caption>
            <thead className="bg-raised sticky top-0">
              <tr>
                {[text.reportRow, text.reportField, text.reportProblem].map((heading) => (
                  <th key={heading} scope="col" className="px-3 py-2 font-medium">
                    {heading}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody className="divide-line divide-y">
              {wrong.slice(0, SHOWN).map(({ row, pointer, detail }, index) => (
                <tr key={index}>
                  <td className="px-3 py-1.5 tabular-nums">{row}</td>
                  <td className="px-3 py-1.5 font-mono text-xs">{pointer.replace(/^\//, "")}</td>
                  <td className="px-3 py-1.5 break-words">{detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {wrong.length > SHOWN && <p className="text-muted text-xs">{text.reportMore(SHOWN)}</p>}
      <Button size="small" busy={busy} onClick={() => void save()}>
        <Download aria-hidden size={15} />
        {text.reportDownload}
      </Button>
    </div>
  );
}
