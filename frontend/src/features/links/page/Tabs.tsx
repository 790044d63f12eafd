import { Link } from "@tanstack/react-router";
import { link as text } from "@/text/link";
import { type Tab, TABS } from "./parts";

/** Parts of the page, each with an address of its own. */
export function Tabs({ id, tab }: { id: number; tab: Tab }) {
  return (
    <nav aria-label={text.tabsLabel} className="border-line mb-6 overflow-x-auto border-b">
      <ul className="flex gap-1">
        {TABS.map((one) => (
          <li key={one}>
            <Link
              to="/links/$linkId"
              params={{ linkId: String(id) }}
              search={one === "stats" ? {} : { tab: one }}
              activeOptions={{ exact: true, includeSearch: true }}
              aria-current={one === tab ? "page" : undefined}
              className="text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink -mb-px inline-block border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap -outline-offset-2"
            >
              {text.tabs[one]}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
