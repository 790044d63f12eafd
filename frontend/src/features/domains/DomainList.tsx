import { useQuery } from "@tanstack/react-query";
import { Globe } from "lucide-react";
import { useState } from "react";
import type { DomainOut } from "@/api/generated";
import { getDomainsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { useMay } from "@/api/may";
import { Confirm } from "@/components/Confirm";
import { Empty } from "@/components/Empty";
import { Failed } from "@/components/Failed";
import { PageSkeleton } from "@/components/PageSkeleton";
import { toast } from "@/lib/toast";
import { domains as text } from "@/text/domains";
import { useRemoveDomain } from "./api";
import { DomainCard } from "./DomainCard";
import { DomainSettings } from "./DomainSettings";

/** The workspace's own domains. */
export function DomainList() {
  const { data, error, isPending, refetch } = useQuery(getDomainsOptions());
  const mayWrite = useMay("domains:write");
  const remove = useRemoveDomain();
  const [open, setOpen] = useState<{ domain: DomainOut; what: "settings" | "remove" } | null>(null);
  const close = () => {
    setOpen(null);
  };
  if (isPending) return <PageSkeleton />;
  if (!data) return <Failed error={error} reset={() => void refetch()} />;
  if (data.items.length === 0)
    return (
      <Empty icon={<Globe size={28} />} title={text.noneYet}>
        {text.noneYetHint}
      </Empty>
    );
  return (
    <>
      <ul aria-label={text.title} className="space-y-3">
        {data.items.map((domain) => (
          <DomainCard key={domain.id} domain={domain} mayWrite={mayWrite} onOpen={(what) => { setOpen({ domain, what }); }} />
        ))}
      </ul>
      {open?.what === "settings" && <DomainSettings domain={open.domain} onClose={close} />}
      {open?.what === "remove" && (
        <Confirm
          title={text.removeTitle(open.domain.host)}
          action={text.remove}
          onClose={close}
          onConfirm={async () => {
            await remove.mutateAsync(open.domain);
            toast(text.removed);
          }}
        >
          {text.removeHint}
        </Confirm>
      )}
    </>
  );
}
