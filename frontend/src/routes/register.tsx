import { createFileRoute } from "@tanstack/react-router";
import { PageHeader } from "@/components/PageHeader";

export const Route = createFileRoute("/register")({ component: Page });

function Page() {
  return <PageHeader title="register" />;
}
