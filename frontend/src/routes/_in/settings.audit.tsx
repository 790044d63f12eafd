import { createFileRoute } from "@tanstack/react-router";
import { Audit, type AuditSearch } from "@/features/workspace/settings/Audit";
import { SettingsTabs } from "@/features/workspace/settings/SettingsTabs";
import { day, id, word } from "@/lib/search";

export const Route = createFileRoute("/_in/settings/audit")({
  validateSearch: (found: Record<string, unknown>): AuditSearch => ({ action: word(found.action), user: id(found.user), from: day(found.from), to: day(found.to) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return (
    <>
      <SettingsTabs />
      <Audit search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />
    </>
  );
}
