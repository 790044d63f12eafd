import type { ReactNode } from "react";
import { components as text } from "@/text/components";
import { Button } from "./Button";
import { Empty } from "./Empty";
import { Failed } from "./Failed";

/** What a list has to be told by TanStack's `useQuery`, or by `useInfiniteQuery` where there are pages. */
interface Asked {
  isPending: boolean;
  error: unknown;
  refetch: () => unknown;
  hasNextPage?: boolean;
  isFetchingNextPage?: boolean;
  fetchNextPage?: () => unknown;
}

/** A list in all its states: on its way, failed, none yet (`empty`), none that match (when `onClear` is given), and more to come. */
export function Listing<T>({
  query,
  items,
  empty,
  onClear,
  children,
}: {
  query: Asked;
  items: readonly T[] | undefined;
  empty: ReactNode;
  /** Takes the filters away; given only while there are some. */
  onClear?: (() => void) | undefined;
  children: (items: readonly T[]) => ReactNode;
}) {
  if (items === undefined) {
    if (!query.isPending && query.error) return <Failed error={query.error} reset={query.refetch} />;
    return (
      <div role="status" aria-label={text.loading} className="card divide-line divide-y">
        {[1, 2, 3, 4].map((row) => (
          <div key={row} className="space-y-2 p-4">
            <div className="skeleton h-4 w-1/3" />
            <div className="skeleton h-3 w-2/3" />
          </div>
        ))}
      </div>
    );
  }
  if (items.length === 0 && !query.hasNextPage) {
    if (!onClear) return empty;
    return <Empty title={text.noneMatch} action={<Button onClick={onClear}>{text.clearFilters}</Button>} />;
  }
  return (
    <div className="space-y-3">
      {items.length === 0 ? <p className="text-muted py-4 text-center">{text.noneSoFar}</p> : children(items)}
      {Boolean(query.error) && <Failed error={query.error} reset={query.hasNextPage ? query.fetchNextPage : query.refetch} />}
      {query.hasNextPage && !query.error && (
        <div className="text-center">
          <Button busy={query.isFetchingNextPage} onClick={() => query.fetchNextPage?.()}>
            {text.loadMore}
          </Button>
        </div>
      )}
    </div>
  );
}
