import { createFileRoute } from "@tanstack/react-router";
import { Register } from "@/features/auth/Register";

export const Route = createFileRoute("/register")({
  validateSearch: ({ next }: Record<string, unknown>): { next?: string } => (typeof next === "string" ? { next } : {}),
  component: Page,
});

function Page() {
  return <Register next={Route.useSearch().next} />;
}
