import { Link } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";
import { TAB, Tabs } from "@/components/Tabs";
import { admin as text } from "@/text/admin";

const PARTS = [
  ["/admin", text.tabs.system],
  ["/admin/users", text.tabs.users],
  ["/admin/workspaces", text.tabs.workspaces],
  ["/admin/links", text.tabs.links],
  ["/admin/hosts", text.tabs.hosts],
  ["/admin/registration", text.tabs.registration],
  ["/admin/audit", text.tabs.audit],
] as const;

export function AdminTabs() {
  return (
    <>
      <PageHeader title={text.title} />
      <Tabs label={text.parts}>
        {PARTS.map(([to, label]) => (
          <Link key={to} to={to} activeOptions={{ exact: to === "/admin", includeSearch: false }} className={TAB}>
            {label}
          </Link>
        ))}
      </Tabs>
    </>
  );
}
