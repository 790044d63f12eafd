import { createFileRoute } from "@tanstack/react-router";
import { Registration } from "@/features/admin/Registration";

export const Route = createFileRoute("/_in/admin/registration")({ component: Registration });
