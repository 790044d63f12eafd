import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Visit } from "@/api/generated";
import { getLinksByLinkIdOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Badge } from "@/components/Badge";
import { analytics as text } from "@/text/analytics";
import { time } from "./format";
import { nameOf } from "./names";

/** Which link that was. */
function Which({ id }: { id: number }) {
  const { data } = useQuery({ ...getLinksByLinkIdOptions({ path: { link_id: id } }), staleTime: Infinity, retry: false });
  // The page of a link is another part of the dashboard.
  const to = `/links/${id}`;
  return (
    <Link to={to} className="text-accent truncate underline-offset-4 hover:underline">
      {data ? `/${data.slug}` : `#${id}`}
    </Link>
  );
}

/** A click: when, where from, with what. */
export function LiveRow({ visit, zone, linked }: { visit: Visit; zone: string; linked: boolean }) {
  const place = visit.country ? nameOf("country", visit.country) : undefined;
  const with_ = [nameOf("device", visit.device).name, visit.browser].filter(Boolean).join(", ");
  return (
    <li className="flex min-w-0 flex-wrap items-baseline gap-x-2 gap-y-0.5 py-1.5 text-xs">
      <time dateTime={visit.at} className="text-muted text-xs tabular-nums">
        {time(visit.at, zone)}
      </time>
      {linked && <Which id={visit.link} />}
      <span className="min-w-0 break-words">
        {[visit.city, place?.name ?? text.value.unknown].filter(Boolean).join(", ")}
      </span>
      {visit.source && <span className="text-muted min-w-0 break-all">{text.live.from(visit.source)}</span>}
      <span className="text-muted min-w-0 break-words">{visit.bot ? <Badge>{`${text.live.bot}: ${visit.bot}`}</Badge> : with_}</span>
    </li>
  );
}
