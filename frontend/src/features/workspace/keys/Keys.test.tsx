import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { keys as text } from "@/text/keys";
import { Keys } from "./Keys";

const key = {
  id: 7,
  name: "Newsletter",
  prefix: "gnl_ab12",
  scopes: ["links:read"],
  created_at: "2026-01-01T00:00:00Z",
  expires_at: null,
  last_used_at: null,
};
const me = (scopes: readonly string[]) => http.get("*/api/v1/auth/me", () => HttpResponse.json({ user: {}, workspace: 1, role: "owner", scopes }));

beforeEach(() => {
  signIn();
  server.use(
    me(["keys:write", "links:read", "links:write"]),
    http.get("*/api/v1/api-keys", () => HttpResponse.json({ items: [key], next_cursor: null })),
  );
});

test("is accessible, its dialog too", async () => {
  const { container } = await show(<main><Keys search={{ new: true }} onSearch={vi.fn()} /></main>);
  await screen.findByText("Newsletter");
  await screen.findByRole("textbox", { name: text.name });
  await expectAccessible(container);
});

test("a new key is shown once, with what it may do and when it ends", async () => {
  const sent = vi.fn();
  server.use(
    http.post("*/api/v1/api-keys", async ({ request }) => {
      sent(await request.json());
      return HttpResponse.json({ ...key, secret: "gnl_secret" }, { status: 201 });
    }),
  );
  const { user } = await show(<Keys search={{ new: true }} onSearch={vi.fn()} />);
  await user.type(await screen.findByRole("textbox", { name: text.name }), "Deploy");
  expect(screen.queryByText(text.scope["audit:read"][0])).not.toBeInTheDocument();
  await user.selectOptions(screen.getByRole("combobox", { name: text.expires }), "never");
  await user.click(screen.getByRole("button", { name: text.making }));
  expect(await screen.findByRole("textbox", { name: text.secret })).toHaveValue("gnl_secret");
  expect(sent).toHaveBeenCalledWith({ name: "Deploy", scopes: ["links:read", "links:write"], expires_at: null });
});

test("what the API has against a key stands at its field, and nothing typed is lost", async () => {
  server.use(
    http.post("*/api/v1/api-keys", () =>
      HttpResponse.json({ title: "Invalid", status: 422, code: "invalid", errors: [{ pointer: "/name", detail: "too odd" }] }, { status: 422 }),
    ),
  );
  const { user } = await show(<Keys search={{ new: true }} onSearch={vi.fn()} />);
  const name = await screen.findByRole("textbox", { name: text.name });
  await user.type(name, "Deploy");
  await user.click(screen.getByRole("button", { name: text.making }));
  expect(await screen.findByText("too odd")).toBeVisible();
  expect(name).toHaveValue("Deploy");
});

test("a key is revoked after a question", async () => {
  const revoked = vi.fn();
  server.use(
    http.delete("*/api/v1/api-keys/7", () => {
      revoked();
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await show(<Keys search={{}} onSearch={vi.fn()} />);
  await user.click(await screen.findByRole("button", { name: `${text.revoke}: Newsletter` }));
  expect(revoked).not.toHaveBeenCalled();
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: text.revoke }));
  expect(await screen.findByText(text.revoked("Newsletter"))).toBeVisible();
  expect(revoked).toHaveBeenCalledOnce();
});

test("none yet differs from none that match", async () => {
  const cleared = vi.fn();
  const { user } = await show(<Keys search={{ search: "nothing like it" }} onSearch={cleared} />);
  await user.click(await screen.findByRole("button", { name: "Clear the filters" }));
  expect(cleared).toHaveBeenCalledWith({ search: undefined });
  server.use(http.get("*/api/v1/api-keys", () => HttpResponse.json({ items: [], next_cursor: null })));
  await show(<Keys search={{}} onSearch={vi.fn()} />);
  expect(await screen.findByText(text.none)).toBeVisible();
});

test("viewers are told why there is nothing to do", async () => {
  server.use(me(["links:read"]));
  await show(<Keys search={{}} onSearch={vi.fn()} />);
  expect(await screen.findByText(text.viewer)).toBeVisible();
  expect(screen.queryByRole("button", { name: text.make })).not.toBeInTheDocument();
});
