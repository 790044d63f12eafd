import { createFileRoute } from "@tanstack/react-router";
import { Account } from "@/features/account/Account";
import { isTab, type Tab } from "@/features/account/tabs";

export const Route = createFileRoute("/_in/account")({
  validateSearch: ({ tab }: Record<string, unknown>): { tab?: Tab } => (isTab(tab) ? { tab } : {}),
  component: Page,
});

function Page() {
  const { tab = "profile" } = Route.useSearch();
  return <Account tab={tab} />;
}
