import { useQuery } from "@tanstack/react-query";
import type { LinkOut } from "@/api/generated";
import { getStatsSummaryOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Failed } from "@/components/Failed";
import { PageSkeleton } from "@/components/PageSkeleton";
import { number } from "@/lib/format";
import { linkNumbers as text } from "@/text/link";

/** The link's figures on its own page. */
export function LinkStatistics({ link }: { link: LinkOut }) {
  const { data, error, isPending, refetch } = useQuery(getStatsSummaryOptions({ query: { link: link.id } }));
  if (isPending) return <PageSkeleton />;
  if (!data) return <Failed error={error} reset={() => void refetch()} />;
  return (
    <dl className="card grid gap-4 p-5 sm:grid-cols-3">
      {(["clicks", "visitors", "bots"] as const).map((figure) => (
        <div key={figure}>
          <dt className="text-muted">{text[figure]}</dt>
          <dd className="text-2xl font-semibold tabular-nums">{number(data[figure])}</dd>
        </div>
      ))}
    </dl>
  );
}
