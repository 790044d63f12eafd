import { createFileRoute } from "@tanstack/react-router";
import { Members, type MembersSearch } from "@/features/workspace/members/Members";
import { flag, word } from "@/lib/search";

export const Route = createFileRoute("/_in/members")({
  validateSearch: (found: Record<string, unknown>): MembersSearch => ({ search: word(found.search), invite: flag(found.invite) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Members search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
