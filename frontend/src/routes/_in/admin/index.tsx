import { createFileRoute } from "@tanstack/react-router";
import { SystemPage } from "@/features/admin/SystemPage";

export const Route = createFileRoute("/_in/admin/")({ component: SystemPage });
