import { createFileRoute, Link } from "@tanstack/react-router";
import { buttonClass } from "@/components/Button";
import { NotFound } from "@/components/NotFound";
import { PageHeader } from "@/components/PageHeader";
import { EditLink } from "@/features/links/builder/EditLink";
import { linkId } from "@/features/links/search";
import { builder as text } from "@/text/builder";

export const Route = createFileRoute("/_in/links/$linkId/edit")({ component: Page });

function Page() {
  const id = linkId(Route.useParams().linkId);
  if (id === null) return <NotFound />;
  return (
    <>
      <PageHeader title={text.editTitle}>
        <Link to="/links/$linkId" params={{ linkId: String(id) }} className={buttonClass()}>
          {text.cancel}
        </Link>
      </PageHeader>
      <EditLink id={id} />
    </>
  );
}
