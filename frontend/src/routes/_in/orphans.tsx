import { createFileRoute } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { Orphans } from "@/features/orphans/Orphans";
import { validateSearch } from "@/features/orphans/search";
import { orphans as text } from "@/text/orphans";

export const Route = createFileRoute("/_in/orphans")({ validateSearch, component: Page });

function Page() {
  return (
    <>
      <PageHeader title={text.title} />
      <Orphans search={Route.useSearch()} />
    </>
  );
}
