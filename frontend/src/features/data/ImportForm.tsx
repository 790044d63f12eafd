import { useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import type { ApiError } from "@/api/errors";
import { getDomainsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Button } from "@/components/Button";
import { Notice } from "@/components/Notice";
import { SelectField } from "@/components/SelectField";
import { data as text } from "@/text/data";
import { FileField } from "./FileField";
import type { Wanted } from "./sending";

const FORMATS = ["auto", "ginnel", "bitly", "yourls", "kutt", "shlink", "dub"] as const;
const CONFLICTS = ["skip", "suffix", "update"] as const;

/** Which file, and what is to become of it. */
export function ImportForm({ error, busy, onBegin }: { error: ApiError | null; busy: boolean; onBegin: (file: File, wanted: Wanted) => void }) {
  const { data: domains } = useQuery(getDomainsOptions());
  const [file, setFile] = useState<File | null>(null);
  const [format, setFormat] = useState<(typeof FORMATS)[number]>("auto");
  const [conflict, setConflict] = useState<(typeof CONFLICTS)[number]>("skip");
  const [domain, setDomain] = useState("");
  const hosts = [location.hostname, ...(domains?.items ?? []).filter(({ verified }) => verified).map(({ host }) => host)];

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    if (file) onBegin(file, { format, on_conflict: conflict, domain: domain || undefined });
  }
  const problems = Object.entries(error?.fields ?? {});
  return (
    <form noValidate onSubmit={submit} className="space-y-4">
      <FileField onChoose={setFile} hint={text.importHint} />
      <div className="grid gap-4 sm:grid-cols-3">
        <SelectField label={text.format} value={format} onChange={(event) => { setFormat(FORMATS.find((one) => one === event.target.value) ?? "auto"); }}>
          {FORMATS.map((one) => (
            <option key={one} value={one}>
              {text.formats[one]}
            </option>
          ))}
        </SelectField>
        <SelectField label={text.conflict} value={conflict} onChange={(event) => { setConflict(CONFLICTS.find((one) => one === event.target.value) ?? "skip"); }}>
          {CONFLICTS.map((one) => (
            <option key={one} value={one}>
              {text.conflicts[one]}
            </option>
          ))}
        </SelectField>
        <SelectField label={text.domain} value={domain} onChange={(event) => { setDomain(event.target.value); }}>
          <option value="">{text.domainOfFile}</option>
          {hosts.map((host) => (
            <option key={host}>{host}</option>
          ))}
        </SelectField>
      </div>
      {error && (
        <Notice kind="danger">
          <p>{error.message}</p>
          {problems.map(([field, detail]) => (
            <p key={field}>
              {field}: {detail}
            </p>
          ))}
        </Notice>
      )}
      <Button type="submit" look="primary" busy={busy} disabled={!file}>
        {text.check}
      </Button>
    </form>
  );
}
