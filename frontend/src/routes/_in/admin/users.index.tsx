import { createFileRoute } from "@tanstack/react-router";
import { STATES } from "@/features/admin/search";
import { Users, type UsersSearch } from "@/features/admin/Users";
import { oneOf, word } from "@/lib/search";

export const Route = createFileRoute("/_in/admin/users/")({
  validateSearch: (found: Record<string, unknown>): UsersSearch => ({ search: word(found.search), state: oneOf(found.state, STATES) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Users search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
