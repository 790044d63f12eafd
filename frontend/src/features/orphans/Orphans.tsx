import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleHelp } from "lucide-react";
import { getDomainsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { useRole } from "@/api/role";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Failed } from "@/components/Failed";
import { components } from "@/text/components";
import { orphans as text } from "@/text/orphans";
import { orphansOptions, useDismiss } from "./api";
import { OrphanRow } from "./OrphanRow";
import type { OrphanSearch } from "./search";

/** What visitors asked for in vain. */
export function Orphans({ search }: { search: OrphanSearch }) {
  const navigate = useNavigate({ from: "/orphans" });
  const role = useRole();
  const { data: domains } = useQuery(getDomainsOptions());
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery(orphansOptions(search));
  const dismiss = useDismiss();
  const items = data?.pages.flatMap((page) => page.items);
  const mayEdit = role !== undefined && role !== "viewer";
  const go = (patch: OrphanSearch) => void navigate({ search: (old) => ({ ...old, ...patch }), resetScroll: false });
  return (
    <div className="space-y-4">
      <p className="text-muted">{text.hint}</p>
      <div className="flex flex-wrap gap-2">
        <select aria-label={text.sort} className="input w-auto pr-8" value={search.sort ?? "-last_at"} onChange={({ target }) => { go({ sort: target.value === "-count" ? "-count" : undefined }); }}>
          <option value="-last_at">{text.byLast}</option>
          <option value="-count">{text.byCount}</option>
        </select>
        <select aria-label={text.domain} className="input w-auto max-w-full pr-8" value={search.domain ?? ""} onChange={({ target }) => { go({ domain: target.value || undefined }); }}>
          <option value="">{text.anyDomain}</option>
          {domains?.items.map(({ id, host }) => <option key={id}>{host}</option>)}
        </select>
      </div>
      {error && !items ? (
        <Failed error={error} reset={() => void refetch()} />
      ) : !items ? (
        <div role="status" aria-label={components.loading} className="space-y-px">
          {Array.from({ length: 6 }, (_, index) => <div key={index} className="skeleton h-16" />)}
        </div>
      ) : items.length === 0 ? (
        search.domain ? (
          <Empty title={text.noneMatch} action={<Button onClick={() => { go({ domain: undefined }); }}>{text.showAll}</Button>} />
        ) : (
          <Empty title={text.noneYet} icon={<CircleHelp aria-hidden />}>
            {text.noneYetHint}
          </Empty>
        )
      ) : (
        <>
          <ul aria-label={text.title} className="card divide-line divide-y">
            {items.map((orphan) => (
              <OrphanRow key={orphan.id} orphan={orphan} mayEdit={mayEdit} onDismiss={() => { dismiss.mutate(orphan); }} />
            ))}
          </ul>
          {hasNextPage && (
            <div className="text-center">
              <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {components.loadMore}
              </Button>
            </div>
          )}
        </>
      )}
    </div>
  );
}
