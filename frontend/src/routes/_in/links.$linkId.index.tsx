import { useQuery } from "@tanstack/react-query";
import { createFileRoute } from "@tanstack/react-router";
import type { LinkOut } from "@/api/generated";
import { getLinksByLinkIdOptions } from "@/api/generated/@tanstack/react-query.gen";
import { problem } from "@/api/errors";
import { Failed } from "@/components/Failed";
import { NotFound } from "@/components/NotFound";
import { PageSkeleton } from "@/components/PageSkeleton";
import { type StatisticsSearch, validateSearch } from "@/features/analytics/search";
import { Statistics } from "@/features/analytics/Statistics";
import { ExplainTab } from "@/features/links/page/ExplainTab";
import { HistoryTab } from "@/features/links/page/HistoryTab";
import { LinkHeader } from "@/features/links/page/LinkHeader";
import { QrTab } from "@/features/links/page/QrTab";
import { SettingsTab } from "@/features/links/page/SettingsTab";
import { type Tab, TABS } from "@/features/links/page/parts";
import { Tabs } from "@/features/links/page/Tabs";
import { linkId } from "@/features/links/search";

export const Route = createFileRoute("/_in/links/$linkId/")({
  validateSearch: (search: Record<string, unknown>): StatisticsSearch & { tab?: Exclude<Tab, "stats"> } => {
    const tab = TABS.find((known) => known === search.tab);
    return tab && tab !== "stats" ? { tab } : validateSearch(search);
  },
  component: Page,
});

function Page() {
  const id = linkId(Route.useParams().linkId);
  return id === null ? <NotFound /> : <LinkPage id={id} />;
}

function LinkPage({ id }: { id: number }) {
  const { tab = "stats" } = Route.useSearch();
  const { data, error, isPending, refetch } = useQuery(getLinksByLinkIdOptions({ path: { link_id: id } }));
  if (isPending) return <PageSkeleton />;
  if (!data) return problem(error).status === 404 ? <NotFound /> : <Failed error={error} reset={() => void refetch()} />;
  return (
    <>
      <LinkHeader link={data} />
      <Tabs id={id} tab={tab} />
      <Part link={data} tab={tab} />
    </>
  );
}

function Part({ link, tab }: { link: LinkOut; tab: Tab }) {
  switch (tab) {
    case "qr":
      return <QrTab link={link} />;
    case "history":
      return <HistoryTab link={link} />;
    case "explain":
      return <ExplainTab link={link} />;
    case "settings":
      return <SettingsTab link={link} />;
    default:
      return <Statistics of={{ link: link.id }} />;
  }
}
