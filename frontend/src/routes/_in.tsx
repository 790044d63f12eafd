import { createFileRoute, Navigate, Outlet, redirect, useLocation } from "@tanstack/react-router";
import { current, refresh, useSession } from "@/api/session";
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
  const session = useSession();
  const next = useLocation({ select: ({ href }) => href });
  // A session may end while a page is open: by another browser, or by its age.
  if (session.status !== "in") return <Navigate to="/sign-in" search={{ next }} replace />;
  return (
    <Layout>
      <Outlet />
    </Layout>
  );
}
