import { createFileRoute } from "@tanstack/react-router";
import { SignIn } from "@/features/auth/SignIn";
import { auth as text } from "@/text/auth";

const SAID = { reset: text.reset.done, erased: text.erased };

interface Search {
  next?: string;
  /** What has just happened. */
  said?: keyof typeof SAID;
}

export const Route = createFileRoute("/sign-in")({
  validateSearch: ({ next, said }: Record<string, unknown>): Search => ({
    ...(typeof next === "string" ? { next } : {}),
    ...(said === "reset" || said === "erased" ? { said } : {}),
  }),
  component: Page,
});

function Page() {
  const { next, said } = Route.useSearch();
  return <SignIn next={next} notice={said && SAID[said]} />;
}
