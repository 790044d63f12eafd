import { createFileRoute, notFound } from "@tanstack/react-router";
import { WebhookPage, type WebhookSearch } from "@/features/workspace/webhooks/WebhookPage";
import { flag, oneOf } from "@/lib/search";

export const Route = createFileRoute("/_in/webhooks/$webhookId")({
  validateSearch: (found: Record<string, unknown>): WebhookSearch => ({ only: oneOf(found.only, ["failed"]), edit: flag(found.edit) }),
  beforeLoad: ({ params }) => {
    if (!/^\d{1,15}$/.test(params.webhookId)) notFound({ throw: true });
  },
  component: Page,
});

function Page() {
  const navigate = Route.useNavigate();
  return (
    <WebhookPage
      id={Number(Route.useParams().webhookId)}
      search={Route.useSearch()}
      onSearch={(changed) => void navigate({ search: (before) => ({ ...before, ...changed }), replace: true })}
    />
  );
}
