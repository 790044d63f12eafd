import { createFileRoute } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";

export const Route = createFileRoute("/_in/links/new")({
  validateSearch: (search: Record<string, unknown>): { target?: string } => (typeof search.target === "string" ? { target: search.target } : {}),
  component: Page,
});

function Page() {
  return <PageHeader title="new" />;
}
