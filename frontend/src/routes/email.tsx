import { createFileRoute } from "@tanstack/react-router";
import { ConfirmEmail } from "@/features/auth/ConfirmEmail";

export const Route = createFileRoute("/email")({ component: ConfirmEmail });
