import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useState } from "react";
import { type LinkOut, postLinksByLinkIdRevert, type VersionOut } from "@/api/generated";
import { getLinksByLinkIdHistoryOptions } from "@/api/generated/@tanstack/react-query.gen";
import { ApiError, problem } from "@/api/errors";
import { useMay } from "@/api/may";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Confirm } from "@/components/Confirm";
import { Failed } from "@/components/Failed";
import { PageSkeleton } from "@/components/PageSkeleton";
import { forget } from "@/features/links/api";
import { ago, dateTime } from "@/lib/format";
import { toast } from "@/lib/toast";
import { link as text } from "@/text/link";
import { fieldName, said } from "./said";

/** What the link was, and who made it so; with a way back. */
export function HistoryTab({ link }: { link: LinkOut }) {
  const { data, error, isPending, refetch } = useQuery(getLinksByLinkIdHistoryOptions({ path: { link_id: link.id } }));
  const mayWrite = useMay("links:write");
  const queries = useQueryClient();
  const [back, setBack] = useState<number | null>(null);
  const revert = useMutation({
    mutationFn: (version: number) => postLinksByLinkIdRevert({ path: { link_id: link.id }, body: { version }, headers: { "If-Match": `"${link.version}"` } }),
    onSuccess: () => toast(text.history.reverted),
    onError: (failed) => {
      const { status } = problem(failed);
      if (status === 412) throw new ApiError(status, { detail: text.history.conflict });
    },
    onSettled: () => forget(queries),
  });
  if (isPending) return <PageSkeleton />;
  if (!data) return <Failed error={error} reset={() => void refetch()} />;
  return (
    <>
      <ol className="card divide-line divide-y">
        {data.items.map((version) => (
          <li key={version.version} className="p-4">
            <div className="mb-2 flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-semibold">{text.history.version(version.version)}</span>
              {version.version === link.version && <Badge kind="good">{text.history.now}</Badge>}
              <span className="text-muted flex-1 text-xs">
                <time dateTime={version.at} title={dateTime(version.at)}>
                  {ago(version.at)}
                </time>
                {version.user && ` ${text.history.by(version.user)}`}
              </span>
              {mayWrite && version.version !== link.version && (
                <Button size="small" onClick={() => { setBack(version.version); }}>
                  <Undo2 aria-hidden size={14} />
                  {text.history.revert}
                </Button>
              )}
            </div>
            <Changes version={version} />
          </li>
        ))}
      </ol>
      {back !== null && (
        <Confirm title={text.history.revertTitle(back)} action={text.history.revert} danger={false} onConfirm={() => revert.mutateAsync(back)} onClose={() => { setBack(null); }}>
          {text.history.revertHint}
        </Confirm>
      )}
    </>
  );
}

function Changes({ version }: { version: VersionOut }) {
  // The first version is all of it: what was nothing before and is nothing, or switched off, says nothing.
  const changes = Object.entries(version.changes).filter(([, { before, after }]) => said(before) !== said(after) && (version.version > 1 || after !== false));
  return (
    <dl className="space-y-1">
      {changes.map(([field, { before, after }]) => (
        <div key={field} className="grid min-w-0 gap-x-3 sm:grid-cols-[11rem_minmax(0,1fr)]">
          <dt className="text-muted">{fieldName(field)}</dt>
          <dd className="min-w-0 break-words">
            {version.version > 1 && <del className="text-muted mr-2">{said(before)}</del>}
            <ins className="no-underline">{said(after)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}
