import { type APIRequestContext, expect, type Page } from "@playwright/test";
import { call, freshEmail, linkOf, type Person, readMail } from "./support";

/** Every page of the dashboard by its name, for those who look at all of them. Addresses are beneath the host's. */
export type Pages = Readonly<Record<string, string>>;

/** The first administrator, whom the host makes when it begins: see host.mjs. */
const ADMIN = "admin@example.com";

/** What a page shows once it has what it wants; before, nobody should judge it. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.locator("h1").first()).toBeVisible();
  await expect(page.locator(".skeleton")).toHaveCount(0);
}

/**
 * Sign the browser in as the first administrator. Their password was shown once, to nobody here: they have forgotten it, and
 * what they set instead comes back with them.
 */
export async function signInAsAdmin(request: APIRequestContext): Promise<Person> {
  const password = "correct horse battery staple of the administrator";
  const signIn = () => request.post("/api/v1/auth/login", { data: { email: ADMIN, password } });
  let answer = await signIn();
  if (!answer.ok()) {
    const forgot = await request.post("/api/v1/auth/forgot", { data: { email: ADMIN } });
    expect(forgot.ok(), await forgot.text()).toBe(true);
    const ticket = new URLSearchParams(new URL(linkOf(await readMail(request, ADMIN, /password/i))).hash.slice(1)).get("ticket");
    const reset = await request.post("/api/v1/auth/reset", { data: { ticket, password } });
    expect(reset.ok(), await reset.text()).toBe(true);
    answer = await signIn();
  }
  expect(answer.ok(), await answer.text()).toBe(true);
  const { user, access_token } = (await answer.json()) as { user: { id: number }; access_token: string };
  return { id: user.id, email: ADMIN, password, token: access_token };
}

/** What is put into the fields of everything that a page may show: the words themselves don't matter to most. */
export interface Words {
  readonly title: string;
  readonly description: string;
  readonly tag: string;
  readonly name: string;
  readonly campaign: string;
  readonly referrer: string;
  readonly agent: string;
}

const PLAIN: Words = {
  title: "The spring issue of our newsletter, which has a rather long title",
  description: "What is new, and what is not.",
  tag: "newsletter",
  name: "Warehouse",
  campaign: "spring",
  referrer: "https://news.example/article",
  agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
};

/** Fill an account by the API with one of everything, and say at which pages that is looked at. `person` should be an administrator. */
export async function seed(request: APIRequestContext, person: Person, words: Partial<Words> = {}): Promise<Pages> {
  const said = { ...PLAIN, ...words };
  const make = <T = { id: number }>(path: string, data: unknown): Promise<T> => call<T>(request, person, "POST", path, data);
  const target = new URL("https://example.com/an/address/that/is/long/enough/to/be/in/the/way/on/a/small/phone");
  target.searchParams.set("utm_campaign", said.campaign);
  const link = await make<{ id: number; short_url: string }>("/links", {
    target: target.href,
    title: said.title,
    description: said.description,
    tags: [said.tag],
    expired_target: "https://example.com/over",
  });
  for (let n = 0; n < 3; n += 1) await make("/links", { target: `https://example.com/${n}`, title: `${said.title} ${n}` });
  const host = `${freshEmail().split("@")[0] ?? ""}.example.com`;
  await make("/domains", { host });
  const webhook = await make("/webhooks", { url: "https://example.com/hook", events: ["link.created"], name: said.name });
  await make(`/webhooks/${webhook.id}/test`, {});
  await make("/api-keys", { name: said.name, scopes: ["links:read"], expires_at: null });
  await make("/admin/blocked-hosts", { host: `blocked-${host}`, reason: said.name });
  for (let n = 0; n < 5; n += 1)
    await request.get(new URL(link.short_url).pathname, { maxRedirects: 0, headers: { referer: said.referrer, "user-agent": said.agent } });
  await request.get(`/nowhere-${link.id}`, { maxRedirects: 0, headers: { "user-agent": said.agent } });
  const own = await call<{ workspace: number }>(request, person, "GET", "/auth/me");
  return pages({ link: link.id, webhook: webhook.id, user: person.id, workspace: own.workspace });
}

function pages(of: { link: number; webhook: number; user: number; workspace: number }): Pages {
  return {
    links: "/app/links",
    "new link": "/app/links/new",
    link: `/app/links/${of.link}`,
    analytics: "/app/analytics",
    orphans: "/app/orphans",
    tags: "/app/tags",
    domains: "/app/domains",
    data: "/app/data",
    keys: "/app/keys",
    "new key": "/app/keys?new=true",
    webhooks: "/app/webhooks",
    "new webhook": "/app/webhooks?new=true",
    webhook: `/app/webhooks/${of.webhook}`,
    members: "/app/members",
    invite: "/app/members?invite=true",
    settings: "/app/settings",
    "new workspace": "/app/settings?new=true",
    "audit log": "/app/settings/audit",
    account: "/app/account",
    system: "/app/admin",
    accounts: "/app/admin/users",
    "an account": `/app/admin/users/${of.user}`,
    workspaces: "/app/admin/workspaces",
    "a workspace": `/app/admin/workspaces/${of.workspace}`,
    "all links": "/app/admin/links",
    "blocked hosts": "/app/admin/hosts",
    "block a list": "/app/admin/hosts?add=list",
    registration: "/app/admin/registration",
    "audit log of all": "/app/admin/audit",
  };
}

/** The pages of those who are not signed in. */
export const OUTSIDE: Pages = {
  landing: "/",
  "sign in": "/app/sign-in",
  register: "/app/register",
  forgot: "/app/forgot",
};

