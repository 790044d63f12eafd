import { http, HttpResponse, type JsonBodyType } from "msw";
import type { Bucket, Visit } from "@/api/generated";

/** What an API with some clicks answers, for tests; each keeps the addresses that were asked for. */
export function answers({ role = "owner", live = [] as Visit[] } = {}) {
  const asked: URL[] = [];
  const get = (path: string, body: (url: URL) => JsonBodyType) =>
    http.get(`*/api/v1/${path}`, ({ request }) => {
      const url = new URL(request.url);
      asked.push(url);
      return HttpResponse.json(body(url));
    });
  const summary = { clicks: 1234, visitors: 800, bots: 56 };
  const breakdown = (url: URL) => ({ items: VALUES[url.searchParams.get("dimension") ?? ""] ?? [], other: { clicks: 7, visitors: 5, bots: 0 } });
  const handlers = ["stats", "shared/:token"].flatMap((of) => [
    get(`${of}/summary`, () => summary),
    get(`${of}/series`, (url) => ({ items: buckets(url) })),
    get(`${of}/breakdown`, breakdown),
  ]);
  return {
    asked,
    handlers: [
      ...handlers,
      get("stats/live", () => ({ counts: summary, items: live, cursor: "now" })),
      get("workspaces", () => ({ items: [{ id: 1, name: "Own", personal: true, role, deleted_at: null }] })),
      get("links/:id", ({ pathname }) => ({ id: Number(pathname.split("/").at(-1)), slug: "sale" })),
      get("domains", () => ({ items: [] })),
    ],
  };
}

const VALUES: Record<string, object[]> = {
  country: [
    { value: "DE", clicks: 700, visitors: 400, bots: 3 },
    { value: null, clicks: 200, visitors: 90, bots: 1 },
    { value: "AT", clicks: 100, visitors: 90, bots: 1 },
  ],
  link: [
    { value: "7", link: { short_url: "https://go.test/sale", title: "Sale", deleted: false }, clicks: 600, visitors: 300, bots: 3 },
    { value: "8", link: { short_url: "https://go.test/gone", title: null, deleted: true }, clicks: 300, visitors: 90, bots: 1 },
    { value: "9", clicks: 100, visitors: 10, bots: 1 },
    { value: "10", link: { short_url: "https://go.test/crawled", title: null, deleted: false }, clicks: 0, visitors: 0, bots: 5 },
  ],
  source: [{ value: "<img src=x onerror=alert(1)>", clicks: 40, visitors: 4, bots: 0 }],
  utm_source: [
    { value: null, clicks: 900, visitors: 4, bots: 0 },
    { value: "newsletter", clicks: 9, visitors: 4, bots: 0 },
  ],
  bot: [
    { value: null, clicks: 1234, visitors: 800, bots: 0 },
    { value: "Googlebot", clicks: 0, visitors: 0, bots: 56 },
  ],
};

/** Days from the beginning to the end of what was asked for: n clicks on the nth. */
function buckets(url: URL): Bucket[] {
  const [from, to] = ["from", "to"].map((name) => Date.parse(url.searchParams.get(name) ?? ""));
  const count = Math.round(((to ?? 0) - (from ?? 0)) / 86_400_000);
  return Array.from({ length: count }, (_, index) => ({ start: new Date((from ?? 0) + index * 86_400_000).toISOString(), clicks: index + 1, visitors: index, bots: 1 }));
}

export const visit = (id: string, at: string, more: Partial<Visit> = {}): Visit => ({
  id,
  at,
  link: 7,
  country: "DE",
  region: null,
  city: "Berlin",
  continent: "EU",
  device: "mobile",
  os: "iOS",
  browser: "Safari",
  language: "de",
  bot: null,
  referrer_host: null,
  referrer_path: null,
  utm_source: null,
  utm_medium: null,
  utm_campaign: null,
  utm_term: null,
  utm_content: null,
  qr: false,
  variant: null,
  source: null,
  channel: null,
  ...more,
});
