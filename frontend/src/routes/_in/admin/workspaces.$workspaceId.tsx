import { createFileRoute, notFound } from "@tanstack/react-router";
import { TenantPage } from "@/features/admin/TenantPage";

export const Route = createFileRoute("/_in/admin/workspaces/$workspaceId")({
  beforeLoad: ({ params }) => {
    if (!/^\d{1,15}$/.test(params.workspaceId)) notFound({ throw: true });
  },
  component: Page,
});

function Page() {
  return <TenantPage id={Number(Route.useParams().workspaceId)} />;
}
