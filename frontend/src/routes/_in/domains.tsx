import { createFileRoute } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMay } from "@/api/may";
import { Button } from "@/components/Button";
import { PageHeader } from "@/components/PageHeader";
import { AddDomain } from "@/features/domains/AddDomain";
import { DomainList } from "@/features/domains/DomainList";
import { domains as text } from "@/text/domains";

export const Route = createFileRoute("/_in/domains")({
  validateSearch: (search: Record<string, unknown>): { new?: true } => (search.new === true ? { new: true } : {}),
  component: Page,
});

function Page() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const mayWrite = useMay("domains:write");
  return (
    <>
      <PageHeader title={text.title}>
        {mayWrite && (
          <Button look="primary" onClick={() => void navigate({ search: { new: true } })}>
            <Plus aria-hidden size={16} />
            {text.new}
          </Button>
        )}
      </PageHeader>
      <DomainList />
      {search.new && mayWrite && <AddDomain onClose={() => void navigate({ search: {} })} />}
    </>
  );
}
