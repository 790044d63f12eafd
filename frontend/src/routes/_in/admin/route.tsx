import { createFileRoute, Outlet } from "@tanstack/react-router";
import { useUser } from "@/api/session";
import { Notice } from "@/components/Notice";
import { AdminTabs } from "@/features/admin/AdminTabs";
import { admin as text } from "@/text/admin";

/** For those who run the installation; the API refuses everybody else whatever is shown here. */
export const Route = createFileRoute("/_in/admin")({ component: Page });

function Page() {
  if (!useUser().is_admin) return <Notice kind="warn">{text.onlyAdmins}</Notice>;
  return (
    <>
      <AdminTabs />
      <Outlet />
    </>
  );
}
