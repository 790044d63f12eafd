import { createFileRoute } from "@tanstack/react-router";
import { Trail, type TrailSearch } from "@/features/admin/Trail";
import { day, id, word } from "@/lib/search";

export const Route = createFileRoute("/_in/admin/audit")({
  validateSearch: (found: Record<string, unknown>): TrailSearch => ({ action: word(found.action), user: id(found.user), workspace: id(found.workspace), from: day(found.from), to: day(found.to) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Trail search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
