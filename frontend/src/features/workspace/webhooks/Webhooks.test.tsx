import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { webhooks as text } from "@/text/webhooks";
import { WebhookPage } from "./WebhookPage";
import { Webhooks } from "./Webhooks";

const webhook = {
  id: 3,
  url: "https://example.com/hook",
  name: "Warehouse",
  events: ["link.created"],
  disabled: false,
  disabled_at: null,
  disabled_because: null,
  failures: 2,
  old_secret_until: null,
  version: 4,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};
const delivery = {
  id: 9,
  message_id: "msg_1",
  type: "link.created",
  state: "failed",
  attempts: 8,
  next_attempt_at: null,
  attempted_at: "2026-01-01T00:00:00Z",
  status: 500,
  error: "The answer was 500.",
  response: "oops",
  took_ms: 12,
  payload: { type: "link.created" },
  created_at: "2026-01-01T00:00:00Z",
};
const me = (scopes: readonly string[]) => http.get("*/api/v1/auth/me", () => HttpResponse.json({ user: {}, workspace: 1, role: "owner", scopes }));

beforeEach(() => {
  signIn();
  server.use(
    me(["webhooks:read", "webhooks:write"]),
    http.get("*/api/v1/webhooks", () => HttpResponse.json({ items: [webhook] })),
    http.get("*/api/v1/webhooks/3", () => HttpResponse.json(webhook)),
    http.get("*/api/v1/webhooks/3/deliveries", () =>
      HttpResponse.json({ items: [delivery, { ...delivery, id: 8, state: "delivered", type: "webhook.test", status: 200 }], next_cursor: null }),
    ),
  );
});

test("list, page and form are accessible", async () => {
  const list = await show(<main><Webhooks search={{ new: true }} onSearch={vi.fn()} /></main>);
  await screen.findByRole("link", { name: "Warehouse" });
  await screen.findByRole("textbox", { name: text.url });
  await expectAccessible(list.container);
  list.unmount();
  const page = await show(<main><WebhookPage id={3} search={{}} onSearch={vi.fn()} /></main>);
  await screen.findByText("The answer was 500.");
  await expectAccessible(page.container);
});

test("what failed is one step away, and sent again", async () => {
  const sent = vi.fn();
  server.use(
    http.post("*/api/v1/webhooks/3/deliveries/9/redeliver", () => {
      sent();
      return HttpResponse.json({ ...delivery, state: "pending" }, { status: 202 });
    }),
  );
  const { user } = await show(<WebhookPage id={3} search={{ only: "failed" }} onSearch={vi.fn()} />);
  await screen.findByText("The answer was 500.");
  expect(screen.queryByText("webhook.test")).not.toBeInTheDocument();
  await user.click(screen.getByRole("button", { name: text.redeliver }));
  expect(await screen.findByText(text.redelivered)).toBeVisible();
  expect(sent).toHaveBeenCalledOnce();
});

test("a new secret is asked for first, and shown then", async () => {
  server.use(http.post("*/api/v1/webhooks/3/secret", () => HttpResponse.json({ ...webhook, secret: "whsec_new" })));
  const { user } = await show(<WebhookPage id={3} search={{}} onSearch={vi.fn()} />);
  await user.click(await screen.findByRole("button", { name: text.rotate }));
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: text.rotate }));
  expect(await screen.findByRole("textbox", { name: text.secret })).toHaveValue("whsec_new");
});

test("a change says which version it is of", async () => {
  const sent = vi.fn();
  server.use(
    http.patch("*/api/v1/webhooks/3", async ({ request }) => {
      sent(request.headers.get("if-match"), await request.json());
      return HttpResponse.json(webhook);
    }),
  );
  const closed = vi.fn();
  const { user } = await show(<WebhookPage id={3} search={{ edit: true }} onSearch={closed} />);
  await user.click(await screen.findByRole("checkbox", { name: text.event["link.clicked"][0] }));
  await user.click(screen.getByRole("button", { name: text.save }));
  await vi.waitFor(() => {
    expect(closed).toHaveBeenCalledWith({ edit: undefined });
  });
  expect(sent).toHaveBeenCalledWith('"4"', { url: webhook.url, name: "Warehouse", events: ["link.created", "link.clicked"] });
});

test("viewers see the deliveries and no controls", async () => {
  server.use(me(["webhooks:read"]));
  await show(<WebhookPage id={3} search={{}} onSearch={vi.fn()} />);
  await screen.findByText("The answer was 500.");
  expect(screen.queryByRole("button", { name: text.remove })).not.toBeInTheDocument();
  expect(screen.queryByRole("button", { name: text.redeliver })).not.toBeInTheDocument();
});
