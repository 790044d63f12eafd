import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/_in/links/$linkId/edit")({ component: () => null });
