import { createFileRoute } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMay } from "@/api/may";
import { Button } from "@/components/Button";
import { PageHeader } from "@/components/PageHeader";
import { TagForm } from "@/features/tags/TagForm";
import { TagList } from "@/features/tags/TagList";
import { tags as text } from "@/text/tags";

export const Route = createFileRoute("/_in/tags")({
  validateSearch: (search: Record<string, unknown>): { new?: true } => (search.new === true ? { new: true } : {}),
  component: Page,
});

function Page() {
  const search = Route.useSearch();
  const navigate = Route.useNavigate();
  const mayWrite = useMay("links:write");
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
      <TagList />
      {search.new && mayWrite && <TagForm onClose={() => void navigate({ search: {} })} />}
    </>
  );
}
