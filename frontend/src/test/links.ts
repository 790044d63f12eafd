import { http, HttpResponse } from "msw";
import type { LinkOut } from "@/api/generated";
import { server } from "./server";

/** A link as the API gives it. */
export function aLink(given: Partial<LinkOut> = {}): LinkOut {
  const { slug = "spring" } = given;
  return {
    id: 1,
    slug,
    domain: "example.org",
    short_url: `https://example.org/${slug}`,
    target: "https://example.com/page",
    title: null,
    tags: [],
    redirect_status: 302,
    allow_caching: false,
    forward_query: true,
    forward_path: false,
    rules: [],
    variants: [],
    protected: false,
    description: null,
    image: null,
    starts_at: null,
    expires_at: null,
    expired_target: null,
    max_clicks: null,
    clicks_left: null,
    disabled: false,
    archived: false,
    blocked: false,
    warnings: [],
    clicks: 0,
    imported_clicks: 0,
    external_id: null,
    version: 1,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
    ...given,
  };
}

/** The workspace as its member sees it: who they are, its tags and domains. */
export function workspace({ scopes = ["links:read", "links:write", "domains:write"] }: { scopes?: string[] } = {}): void {
  server.use(
    http.get("*/api/v1/auth/me", () => HttpResponse.json({ user: {}, workspace: 1, role: "owner", scopes })),
    http.get("*/api/v1/workspaces", () => HttpResponse.json({ items: [] })),
    http.get("*/api/v1/tags", () => HttpResponse.json({ items: [{ id: 1, name: "shop", links: 2, created_at: "2026-01-01T00:00:00Z" }] })),
    http.get("*/api/v1/domains", () => HttpResponse.json({ items: [] })),
  );
}
