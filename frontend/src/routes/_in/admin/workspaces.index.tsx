import { createFileRoute } from "@tanstack/react-router";
import { Tenants, type TenantsSearch } from "@/features/admin/Tenants";
import { word } from "@/lib/search";

export const Route = createFileRoute("/_in/admin/workspaces/")({
  validateSearch: (found: Record<string, unknown>): TenantsSearch => ({ search: word(found.search) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Tenants search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
