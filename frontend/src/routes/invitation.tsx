import { createFileRoute } from "@tanstack/react-router";
import { Invitation } from "@/features/auth/Invitation";

export const Route = createFileRoute("/invitation")({ component: Invitation });
