import { useQuery } from "@tanstack/react-query";
import { problem } from "@/api/errors";
import { Empty } from "@/components/Empty";
import { Failed } from "@/components/Failed";
import { PageHeader } from "@/components/PageHeader";
import { bare, dateTime } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { sharedOptions } from "./shares";
import { Statistics } from "./Statistics";
import { StatisticsSkeleton } from "./StatisticsSkeleton";

/** A link's numbers for whoever has the address: nobody is asked who they are. */
export function SharedStatistics({ token }: { token: string }) {
  const { data, error, refetch } = useQuery(sharedOptions(token));
  if (error && problem(error).status === 404)
    return (
      <Empty title={text.shared.goneTitle}>
        <p>{text.shared.gone}</p>
      </Empty>
    );
  if (error && !data) return <Failed error={error} reset={() => void refetch()} />;
  if (!data) return <StatisticsSkeleton />;
  const name = bare(data.short_url);
  return (
    <>
      <PageHeader title={text.shared.of(name)}>{data.expires_at && <p className="text-muted text-xs">{text.shared.until(dateTime(data.expires_at))}</p>}</PageHeader>
      <div className="text-muted -mt-3 mb-5 space-y-0.5">
        {data.title && <p className="text-ink font-medium break-words">{data.title}</p>}
        {data.target && (
          <p className="break-all">
            {text.shared.leads} {bare(data.target)}
          </p>
        )}
      </div>
      <Statistics of={{ shared: token }} />
    </>
  );
}
