import { createFileRoute } from "@tanstack/react-router";
import { Reset } from "@/features/auth/Reset";

export const Route = createFileRoute("/reset")({ component: Reset });
