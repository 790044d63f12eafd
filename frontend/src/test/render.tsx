import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render, type RenderResult } from "@testing-library/react";
import userEvent, { type UserEvent } from "@testing-library/user-event";
import type { ReactElement } from "react";
import type { UserOut } from "@/api/generated";
import { begin } from "@/api/session";
import { Toasts } from "@/components/Toasts";

const ada: UserOut = {
  id: 1,
  email: "ada@example.com",
  name: "Ada",
  is_admin: false,
  guest: false,
  email_verified_at: "2026-01-01T00:00:00Z",
  created_at: "2026-01-01T00:00:00Z",
};

/** Sign somebody in, as the pages beneath the layout expect. */
export function signIn(user: Partial<UserOut> = {}): void {
  begin({ user: { ...ada, ...user }, access_token: "token", token_type: "Bearer", expires_in: 900 });
}

/** Render a component in what every page stands in: the cache of answers, a router and the toasts. */
export async function show(element: ReactElement, { at = "/" } = {}): Promise<RenderResult & { user: UserEvent }> {
  const root = createRootRoute({ component: () => element, notFoundComponent: () => element });
  const router = createRouter({ routeTree: root, history: createMemoryHistory({ initialEntries: [at] }) });
  await router.load();
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const rendered = render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={router as never} />
      <Toasts />
    </QueryClientProvider>,
  );
  return { ...rendered, user: userEvent.setup() };
}
