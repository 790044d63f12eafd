import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { getImportsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Badge } from "@/components/Badge";
import { Failed } from "@/components/Failed";
import { ago, dateTime, number } from "@/lib/format";
import { data as text } from "@/text/data";

/** Imports of the last thirty days. */
export function EarlierImports() {
  const { data, error, refetch } = useQuery(getImportsOptions());
  if (error) return <Failed error={error} reset={() => void refetch()} />;
  if (!data || data.items.length === 0) return null;
  return (
    <section aria-labelledby="earlier">
      <h2 id="earlier" className="mb-3 text-base font-semibold">
        {text.earlier}
      </h2>
      <ul className="card divide-line divide-y">
        {data.items.map((item) => (
          <li key={item.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
            <time dateTime={item.created_at} title={dateTime(item.created_at)} className="min-w-28">
              {ago(item.created_at)}
            </time>
            <span className="text-muted flex-1 tabular-nums">
              {text.figures.rows}: {number(item.rows)}, {text.figures.created}: {number(item.created)}, {text.figures.failed}: {number(item.failed)}
            </span>
            {item.dry_run && <Badge>{text.dryRun}</Badge>}
            <Badge kind={item.state === "done" ? "good" : item.state === "cancelled" ? "plain" : "accent"}>{text.states[item.state]}</Badge>
            <Link to="/data" search={{ import: item.id }} className="font-medium underline underline-offset-4">
              {text.look}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
