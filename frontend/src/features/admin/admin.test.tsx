import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import type { ReactElement } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import type { System } from "@/api/generated";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { admin as text } from "@/text/admin";
import { health } from "./health";
import { Hosts } from "./Hosts";
import { Links } from "./Links";
import { Registration } from "./Registration";
import { SystemPage } from "./SystemPage";
import { TenantPage } from "./TenantPage";
import { Tenants } from "./Tenants";
import { Trail } from "./Trail";
import { UserPage } from "./UserPage";
import { Users } from "./Users";

const at = "2026-01-01T00:00:00Z";
const account = { id: 8, email: "bob@example.com", name: "Bob", is_admin: false, email_verified_at: null, disabled_at: null, disabled_reason: null, created_at: at };
const whole = {
  ...account,
  workspaces: [{ id: 5, name: "Newsroom", role: "owner", personal: false, blocked: true, deleted: false }],
  links: 3,
  sessions: 1,
  keys: 0,
  last_seen_at: at,
};
const tenant = { id: 5, name: "Newsroom", personal: false, owners: ["bob@example.com"], blocked_at: null, blocked_reason: null, created_at: at, deleted_at: null };
const link = { id: 7, short_url: "https://s.example/abc", target: "https://example.com/", blocked: false, warnings: [], clicks: 2, created_at: at, workspace: 5, workspace_name: "Newsroom", blocked_reason: null };
const system: System = {
  version: "1.0",
  now: at,
  up_since: at,
  away: [],
  database: { version: "17.2", up_since: at, schema_revision: "0018", bytes: 12_000_000, connections: 5, max_connections: 100, tables: [{ name: "links", bytes: 8192, rows: 3 }], partitions: [] },
  redis: { version: "8.0", primaries: 1, up_seconds: 5, bytes: 100, max_bytes: 0, eviction: "noeviction", clients: 1, persistence: "aof", persisted: true, evicted: 0, found: 1, missed: 0 },
  clicks: { entries: 0, spilled: 0, dead_letters: 0, oldest_seconds: 0 },
  webhooks: { due: 0, oldest_seconds: 0 },
  mail: { due: 0, oldest_seconds: 0, waiting: 0, failed: 0 },
  cache: null,
  counts: { users: 2, workspaces: 2, links: 3, clicks: 4, guests: 0 },
  events: null,
};
const page = (items: unknown[]) => () => HttpResponse.json({ items, next_cursor: null });

beforeEach(() => {
  signIn({ is_admin: true });
  server.use(
    http.get("*/api/v1/admin/system", () => HttpResponse.json(system)),
    http.get("*/api/v1/admin/users", page([account])),
    http.get("*/api/v1/admin/users/8", () => HttpResponse.json(whole)),
    http.get("*/api/v1/admin/workspaces", page([tenant])),
    http.get("*/api/v1/admin/workspaces/5", () =>
      HttpResponse.json({ ...tenant, members: [{ id: 8, email: "bob@example.com", name: "Bob", role: "owner", disabled: false }], links: 3, domains: 0, keys: 0, clicks: 9 }),
    ),
    http.get("*/api/v1/admin/links", page([link])),
    http.get("*/api/v1/admin/blocked-hosts", page([{ id: 2, host: "evil.example", reason: "phishing", created_at: at, created_by: 1 }])),
    http.get("*/api/v1/auth/registration", () => HttpResponse.json({ mode: "open" })),
    http.get("*/api/v1/admin/audit", page([{ id: 1, at, action: "link_blocked", subject: "link:7", user: 1, email: "ada@example.com", workspace: 5, details: { reason: "spam" } }])),
  );
});

const said = vi.fn();
test.each<[string, ReactElement, string]>([
  ["system", <SystemPage key="" />, text.system.good],
  ["accounts", <Users key="" search={{}} onSearch={said} />, "bob@example.com"],
  ["an account", <UserPage key="" id={8} />, "Newsroom"],
  ["workspaces", <Tenants key="" search={{}} onSearch={said} />, "Newsroom"],
  ["a workspace", <TenantPage key="" id={5} />, "bob@example.com"],
  ["links", <Links key="" search={{}} onSearch={said} />, "https://example.com/"],
  ["blocked hosts", <Hosts key="" search={{ add: "list" }} onSearch={said} />, "evil.example"],
  ["registration", <Registration key="" />, text.registration.invite],
  ["the audit log", <Trail key="" search={{}} onSearch={said} />, "link:7"],
])("the page of %s is accessible", async (_, element, found) => {
  const { container } = await show(<main>{element}</main>);
  await screen.findByText(found);
  await expectAccessible(container);
});

test("an administrator is made with one's own password, and a wrong one is told", async () => {
  const sent = vi.fn();
  server.use(
    http.post("*/api/v1/admin/users/8/promote", async ({ request }) => {
      sent(await request.json());
      return HttpResponse.json({ status: 403, code: "password_wrong", detail: "The password is wrong." }, { status: 403 });
    }),
  );
  const { user } = await show(<UserPage id={8} />);
  await user.click(await screen.findByRole("button", { name: text.users.promote }));
  const dialog = screen.getByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: text.users.promote }));
  expect(await within(dialog).findByText(text.users.passwordMissing)).toBeVisible();
  await user.type(within(dialog).getByLabelText(text.users.password), "hunter22");
  await user.click(within(dialog).getByRole("button", { name: text.users.promote }));
  expect(await within(dialog).findByText("The password is wrong.")).toBeVisible();
  expect(sent).toHaveBeenCalledExactlyOnceWith({ password: "hunter22" });
});

test("somebody is shut out with a reason, and their workspaces if one says so", async () => {
  const sent = vi.fn();
  server.use(
    http.post("*/api/v1/admin/users/8/disable", async ({ request }) => {
      sent(await request.json());
      return HttpResponse.json(whole);
    }),
  );
  const { user } = await show(<UserPage id={8} />);
  await user.click(await screen.findByRole("button", { name: text.users.disable }));
  const dialog = screen.getByRole("dialog");
  await user.type(within(dialog).getByRole("textbox"), "spam");
  await user.click(within(dialog).getByRole("checkbox"));
  await user.click(within(dialog).getByRole("button", { name: text.users.disable }));
  expect(await screen.findByText(text.done)).toBeVisible();
  expect(sent).toHaveBeenCalledWith({ reason: "spam", links: "block" });
});

test("nobody is offered to shut themselves out", async () => {
  signIn({ id: 8, is_admin: true });
  await show(<UserPage id={8} />);
  await screen.findByText("Newsroom");
  expect(screen.queryByRole("button", { name: text.users.disable })).not.toBeInTheDocument();
});

test("a list of hosts is taken from a file, and its odd lines are told", async () => {
  const sent = vi.fn();
  server.use(
    http.post("*/api/v1/admin/blocked-hosts/import", async ({ request }) => {
      sent(await request.text());
      return HttpResponse.json({ added: 1, known: 2, rejected: 1, lines: [{ line: 3, text: "not a host", code: "invalid" }] });
    }),
  );
  const { user } = await show(<Hosts search={{ add: "list" }} onSearch={said} />);
  const dialog = screen.getByRole("dialog");
  await user.upload(within(dialog).getByLabelText(text.hosts.file), new File(["a.example\n"], "hosts.txt", { type: "text/plain" }));
  await user.click(within(dialog).getByRole("button", { name: text.hosts.importing }));
  expect(await within(dialog).findByText(/not a host/)).toBeVisible();
  expect(sent).toHaveBeenCalledWith("a.example\n");
});

test("too few letters are not searched for, so that the API refuses nothing", async () => {
  const asked = vi.fn();
  server.use(
    http.get("*/api/v1/admin/links", ({ request }) => {
      asked(new URL(request.url).searchParams.get("search"));
      return HttpResponse.json({ items: [], next_cursor: null });
    }),
  );
  await show(<Links search={{ search: "ab" }} onSearch={said} />);
  expect(await screen.findByText(text.links.none)).toBeVisible();
  expect(asked).toHaveBeenCalledWith(null);
});

test("what waits, is full or was given up is not well", () => {
  expect(Object.values(health(system)).every(Boolean)).toBe(true);
  expect(health({ ...system, redis: null }).redis).toBe(false);
  expect(health({ ...system, clicks: { ...system.clicks, dead_letters: 1 } }).clicks).toBe(false);
  expect(health({ ...system, mail: { due: 5, oldest_seconds: 600, waiting: 5, failed: 0 } }).mail).toBe(false);
});
