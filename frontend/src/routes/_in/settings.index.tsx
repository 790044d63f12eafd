import { createFileRoute } from "@tanstack/react-router";
import { Settings, type SettingsSearch } from "@/features/workspace/settings/Settings";
import { SettingsTabs } from "@/features/workspace/settings/SettingsTabs";
import { flag } from "@/lib/search";

export const Route = createFileRoute("/_in/settings/")({
  validateSearch: (found: Record<string, unknown>): SettingsSearch => ({ new: flag(found.new) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return (
    <>
      <SettingsTabs />
      <Settings search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />
    </>
  );
}
