import { createFileRoute } from "@tanstack/react-router";

const TABS = ["stats", "qr", "history", "explain", "settings"] as const;
type Tab = (typeof TABS)[number];

export const Route = createFileRoute("/_in/links/$linkId/")({
  validateSearch: (search: Record<string, unknown>): { tab?: Exclude<Tab, "stats"> } => {
    const tab = TABS.find((known) => known === search.tab);
    return tab && tab !== "stats" ? { tab } : {};
  },
  component: () => null,
});
