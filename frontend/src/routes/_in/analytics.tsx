import { createFileRoute } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { scopeOf, validateScopedSearch } from "@/features/analytics/scope";
import { ScopeChoice } from "@/features/analytics/ScopeChoice";
import { Statistics } from "@/features/analytics/Statistics";
import { analytics as text } from "@/text/analytics";

export const Route = createFileRoute("/_in/analytics")({ validateSearch: validateScopedSearch, component: Page });

function Page() {
  const search = Route.useSearch();
  return (
    <>
      <PageHeader title={text.title}>
        <ScopeChoice search={search} />
      </PageHeader>
      <Statistics of={scopeOf(search)} />
    </>
  );
}
