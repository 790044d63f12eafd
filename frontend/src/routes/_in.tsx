import { createFileRoute, Outlet, redirect } from "@tanstack/react-router";
import { current, refresh, useSession } from "@/api/session";
import { Ended } from "@/features/shell/Ended";
import { Layout } from "@/features/shell/Layout";

/** All pages that want somebody signed in. Who comes back from signing in lands where they wanted to go. */
export const Route = createFileRoute("/_in")({
  beforeLoad: async ({ location }) => {
    const session = current().status === "unknown" ? await refresh() : current();
    if (session.status !== "in") throw redirect({ to: "/sign-in", search: { next: location.href } });
  },
  component: Pages,
});

function Pages() {
  // A session may end while a page is open: by another browser, or by its age.
  if (useSession().status !== "in") return <Ended />;
  return (
    <Layout>
      <Outlet />
    </Layout>
  );
}
