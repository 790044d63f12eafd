import { Link } from "@tanstack/react-router";
import { number, percent } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import { type Followed, nameOfLink } from "./links";
import { useView } from "./view";

const ROW = "relative flex h-8 min-w-0 items-center gap-2 overflow-hidden rounded-md px-2 -outline-offset-2";

/** How often a link was followed: leads to its page, which shows the same time. Of a deleted one there is none. */
export function LinkBar({ item, length, share }: { item: Followed; length: number; share: number }) {
  const { search } = useView();
  const { name, title, deleted } = nameOfLink(item);
  const told = `${text.clicks} ${number(item.clicks)} (${percent(share)}), ${text.visitors} ${number(item.visitors)}`;
  const shown = (
    <>
      <span aria-hidden className="bg-accent-soft absolute inset-y-0.5 left-0 rounded" style={{ width: `${Math.max(length * 100, 0.5)}%` }} />
      <span className="relative flex min-w-0 flex-1 items-baseline gap-1.5">
        <span className="min-w-16 truncate">{name}</span>
        {title && <span className="text-muted min-w-0 shrink-[99] truncate text-xs">{title}</span>}
        {deleted && <span className="text-muted shrink-0 text-xs">{text.links.deleted}</span>}
      </span>
      <span className="relative font-medium tabular-nums">{number(item.clicks)}</span>
    </>
  );
  if (deleted)
    return (
      <li title={told} className={ROW}>
        {shown}
      </li>
    );
  // The page of a link is another part of the dashboard.
  const to = `/links/${item.value}`;
  const { range, from, to: until, zone, compare, filter } = search;
  return (
    <li>
      <Link to={to} search={{ range, from, to: until, zone, compare, filter } as never} title={told} className={`hover:bg-raised ${ROW}`}>
        {shown}
      </Link>
    </li>
  );
}
