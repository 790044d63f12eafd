import { createFileRoute } from "@tanstack/react-router";
import { Hosts, type HostsSearch } from "@/features/admin/Hosts";
import { DIALOGS } from "@/features/admin/search";
import { oneOf, word } from "@/lib/search";

export const Route = createFileRoute("/_in/admin/hosts")({
  validateSearch: (found: Record<string, unknown>): HostsSearch => ({ search: word(found.search), add: oneOf(found.add, DIALOGS) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Hosts search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
