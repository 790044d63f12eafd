import { createFileRoute, notFound } from "@tanstack/react-router";
import { UserPage } from "@/features/admin/UserPage";

export const Route = createFileRoute("/_in/admin/users/$userId")({
  beforeLoad: ({ params }) => {
    if (!/^\d{1,15}$/.test(params.userId)) notFound({ throw: true });
  },
  component: Page,
});

function Page() {
  return <UserPage id={Number(Route.useParams().userId)} />;
}
