import { useInfiniteQuery } from "@tanstack/react-query";
import { Link2, SearchX } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import type { LinkOut } from "@/api/generated";
import { useMay } from "@/api/may";
import { Button } from "@/components/Button";
import { Empty } from "@/components/Empty";
import { Failed } from "@/components/Failed";
import { components } from "@/text/components";
import { links as text } from "@/text/links";
import { linksOptions } from "./api";
import { ListSkeleton } from "./ListSkeleton";
import { QuickCreate } from "./QuickCreate";
import { useGone } from "./removal";
import { Row } from "./Row";
import { type LinkSearch, narrowed } from "./search";
import { Toolbar } from "./Toolbar";
import { useNearEnd } from "./useNearEnd";
import { useRowActions } from "./useRowActions";
import { useRowKeys } from "./useRowKeys";
import { useSelection } from "./useSelection";

const BulkBar = lazy(async () => ({ default: (await import("./BulkBar")).BulkBar }));
const QrDialog = lazy(async () => ({ default: (await import("./QrDialog")).QrDialog }));

const NONE: readonly LinkOut[] = [];

/** The links of the workspace: everything about one, or many, from here. */
export function LinkList({ search, onSearch }: { search: LinkSearch; onSearch: (next: LinkSearch) => void }) {
  const query = useInfiniteQuery(linksOptions(search));
  const gone = useGone();
  const mayWrite = useMay("links:write");
  const [qr, setQr] = useState<LinkOut | null>(null);
  const found = query.data?.pages;
  const links = useMemo(() => found?.flatMap(({ items }) => items).filter(({ id }) => !gone.has(id)) ?? NONE, [found, gone]);
  const selection = useSelection(links);
  const actions = useRowActions(setQr);
  useRowKeys(links, actions, mayWrite, selection.toggle);
  const end = useNearEnd(query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError, () => void query.fetchNextPage());

  const nothing = query.isSuccess && links.length === 0;
  const noneYet = nothing && !narrowed(search) && !search.archived;
  return (
    <>
      {mayWrite && !noneYet && <QuickCreate />}
      {!noneYet && <Toolbar search={search} onSearch={onSearch} />}
      {query.isPending && <ListSkeleton />}
      {query.isLoadingError && <Failed error={query.error} reset={() => void query.refetch()} />}
      {noneYet && (
        <Empty icon={<Link2 size={28} />} title={text.noneYet}>
          {mayWrite && (
            <>
              <p className="mb-5">{text.noneYetHint}</p>
              <QuickCreate large />
            </>
          )}
        </Empty>
      )}
      {nothing && !noneYet && (
        <Empty
          icon={<SearchX size={28} />}
          title={narrowed(search) ? text.noneMatch : text.noneArchived}
          action={
            <Button
              onClick={() => {
                onSearch({});
              }}
            >
              {text.clearFilters}
            </Button>
          }
        >
          {narrowed(search) && text.noneMatchHint}
        </Empty>
      )}
      {links.length > 0 && (
        <ul aria-label={text.title} className={`card ${query.isPlaceholderData ? "opacity-60" : ""}`}>
          {links.map((link) => (
            <Row
              key={link.id}
              link={link}
              selected={selection.selected.includes(link)}
              actions={actions}
              mayWrite={mayWrite}
              onSelect={(range) => {
                selection.toggle(link, range);
              }}
            />
          ))}
        </ul>
      )}
      {query.isFetchNextPageError && (
        <div className="mt-3">
          <Failed error={query.error} reset={() => void query.fetchNextPage()} />
        </div>
      )}
      {query.hasNextPage && !query.isFetchNextPageError && (
        <div ref={end} className="mt-4 text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {components.loadMore}
          </Button>
        </div>
      )}
      <Suspense>
        {selection.selected.length > 0 && <BulkBar links={selection.selected} archived={search.archived === true} onAll={selection.all} onDone={selection.clear} />}
        {qr && (
          <QrDialog
            link={qr}
            onClose={() => {
              setQr(null);
            }}
          />
        )}
      </Suspense>
    </>
  );
}
