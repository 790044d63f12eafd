import { createRouter } from "@tanstack/react-router";
import { Failed } from "./components/Failed";
import { NotFound } from "./components/NotFound";
import { PageSkeleton } from "./components/PageSkeleton";
import { routeTree } from "./routes.gen";

export const router = createRouter({
  routeTree,
  basepath: "/app",
  defaultPreload: "intent",
  // The cache of answers decides what is stale.
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: Failed,
  defaultNotFoundComponent: NotFound,
  defaultPendingComponent: PageSkeleton,
  defaultPendingMs: 150,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
