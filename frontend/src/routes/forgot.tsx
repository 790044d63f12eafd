import { createFileRoute } from "@tanstack/react-router";
import { Forgot } from "@/features/auth/Forgot";

export const Route = createFileRoute("/forgot")({ component: Forgot });
