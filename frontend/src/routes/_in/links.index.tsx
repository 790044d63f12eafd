import { createFileRoute, Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useMay } from "@/api/may";
import { buttonClass } from "@/components/Button";
import { PageHeader } from "@/components/PageHeader";
import { LinkList } from "@/features/links/LinkList";
import { parseSearch } from "@/features/links/search";
import { links as text } from "@/text/links";

export const Route = createFileRoute("/_in/links/")({ validateSearch: parseSearch, component: Page });

function Page() {
  const search = Route.useSearch();
  const navigate = useNavigate();
  const mayWrite = useMay("links:write");
  return (
    <>
      <PageHeader title={text.title}>
        {mayWrite && (
          <Link to="/links/new" className={buttonClass({ look: "primary" })}>
            <Plus aria-hidden size={16} />
            {text.new}
          </Link>
        )}
      </PageHeader>
      <LinkList search={search} onSearch={(next) => void navigate({ to: "/links", search: next, replace: true })} />
    </>
  );
}
