import { createFileRoute } from "@tanstack/react-router";
import { Links, type LinksSearch } from "@/features/admin/Links";
import { flag, id, word } from "@/lib/search";

export const Route = createFileRoute("/_in/admin/links")({
  validateSearch: (found: Record<string, unknown>): LinksSearch => ({ search: word(found.search), host: word(found.host), workspace: id(found.workspace), blocked: flag(found.blocked) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Links search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
