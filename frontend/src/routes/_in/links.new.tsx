import { createFileRoute, useNavigate } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { NewLink } from "@/features/links/builder/NewLink";
import { builder as text } from "@/text/builder";

export const Route = createFileRoute("/_in/links/new")({
  validateSearch: (search: Record<string, unknown>): { target?: string } => (typeof search.target === "string" ? { target: search.target } : {}),
  component: Page,
});

function Page() {
  const { target } = Route.useSearch();
  const navigate = useNavigate();
  return (
    <>
      <PageHeader title={text.new} />
      <NewLink target={target} onAnother={() => void navigate({ to: "/links/new", replace: true })} />
    </>
  );
}
