import { createFileRoute } from "@tanstack/react-router";
import { Webhooks, type WebhooksSearch } from "@/features/workspace/webhooks/Webhooks";
import { flag, word } from "@/lib/search";

export const Route = createFileRoute("/_in/webhooks/")({
  validateSearch: (found: Record<string, unknown>): WebhooksSearch => ({ search: word(found.search), new: flag(found.new) }),
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return <Webhooks search={Route.useSearch()} onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })} />;
}
