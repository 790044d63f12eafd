import type { DomainOut, Record as DnsRecord } from "@/api/generated";
import { problem } from "@/api/errors";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Notice } from "@/components/Notice";
import { toast } from "@/lib/toast";
import { domains as text } from "@/text/domains";
import { useVerifyDomain } from "./api";

/** The DNS record that shows whose the domain is, to be copied, and to be looked for. */
export function Proof({ domain, record, mayWrite }: { domain: DomainOut; record: DnsRecord; mayWrite: boolean }) {
  const verify = useVerifyDomain();
  return (
    <section aria-label={text.prove} className="border-line mt-4 border-t pt-4">
      <h3 className="font-medium">{text.prove}</h3>
      <p className="text-muted mt-1 max-w-prose">{text.proveHint}</p>
      <dl className="bg-raised mt-3 grid gap-x-4 gap-y-1 rounded-lg p-3 sm:grid-cols-[5rem_minmax(0,1fr)]">
        <dt className="text-muted">{text.recordType}</dt>
        <dd className="font-mono text-xs">{record.type}</dd>
        <dt className="text-muted self-center">{text.recordName}</dt>
        <dd className="flex items-center justify-between gap-2 font-mono text-xs break-all">
          {record.name}
          <CopyButton value={record.name} label={text.copyName} />
        </dd>
        <dt className="text-muted self-center">{text.recordValue}</dt>
        <dd className="flex items-center justify-between gap-2 font-mono text-xs break-all">
          {record.value}
          <CopyButton value={record.value} label={text.copyValue} />
        </dd>
      </dl>
      {verify.error && (
        <div className="mt-3">
          <Notice kind="warn">{problem(verify.error).message}</Notice>
        </div>
      )}
      {mayWrite && (
        <Button
          look="primary"
          className="mt-3"
          busy={verify.isPending}
          onClick={() => {
            verify.mutate(domain, { onSuccess: ({ host }) => toast(text.checked(host)) });
          }}
        >
          {text.check}
        </Button>
      )}
    </section>
  );
}
