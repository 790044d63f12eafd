import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { settings as text } from "@/text/settings";
import { Settings } from "./Settings";

const workspace = {
  id: 5,
  name: "Newsroom",
  personal: false,
  role: "owner",
  members: 2,
  links: 3,
  retention_days: 365,
  default_domain: null,
  require_second_factor: false,
  link_defaults: {},
  version: 4,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  deleted_at: null,
};

beforeEach(() => {
  signIn();
  server.use(
    http.get("*/api/v1/auth/me", () => HttpResponse.json({ user: { id: 1 }, workspace: 5, role: "owner", scopes: ["workspace:write"] })),
    http.get("*/api/v1/workspaces", () =>
      HttpResponse.json({ items: [workspace, { ...workspace, id: 6, name: "Old", deleted_at: "2026-01-02T00:00:00Z" }], next_cursor: null }),
    ),
    http.get("*/api/v1/workspaces/5", () => HttpResponse.json(workspace)),
    http.get("*/api/v1/domains", () => HttpResponse.json({ items: [{ id: 1, host: "go.example.com", verified: true }], next_cursor: null })),
  );
});

test("is accessible, its dialog too", async () => {
  const { container } = await show(<main><Settings search={{ new: true }} onSearch={vi.fn()} /></main>);
  await screen.findByRole("textbox", { name: text.name });
  await screen.findByText("Old");
  await expectAccessible(container);
});

test("only what was changed is sent, and which version it is a change of", async () => {
  const sent = vi.fn();
  server.use(
    http.patch("*/api/v1/workspaces/5", async ({ request }) => {
      sent(request.headers.get("if-match"), await request.json());
      return HttpResponse.json({ ...workspace, retention_days: null, version: 5 });
    }),
  );
  const { user } = await show(<Settings search={{}} onSearch={vi.fn()} />);
  await user.clear(await screen.findByRole("textbox", { name: text.retention }));
  await user.click(screen.getByRole("button", { name: text.save }));
  expect(await screen.findByText(text.saved)).toBeVisible();
  expect(sent).toHaveBeenCalledWith('"4"', { retention_days: null });
});

test("a change by somebody else is told, and what was typed stays", async () => {
  server.use(http.patch("*/api/v1/workspaces/5", () => HttpResponse.json({ status: 412, code: "version_mismatch" }, { status: 412 })));
  const { user } = await show(<Settings search={{}} onSearch={vi.fn()} />);
  const name = await screen.findByRole("textbox", { name: text.name });
  await user.type(name, " of ours");
  await user.click(screen.getByRole("button", { name: text.save }));
  await user.click(await screen.findByRole("button", { name: text.lookAnew }));
  expect(name).toHaveValue("Newsroom of ours");
});

test("a workspace is deleted only by those who type its name", async () => {
  const deleted = vi.fn();
  server.use(
    http.delete("*/api/v1/workspaces/5", ({ request }) => {
      deleted(request.headers.get("if-match"));
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await show(<Settings search={{}} onSearch={vi.fn()} />);
  await user.click(await screen.findByRole("button", { name: text.remove }));
  const dialog = screen.getByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: text.remove }));
  expect(await within(dialog).findByText(text.removeWrong)).toBeVisible();
  expect(deleted).not.toHaveBeenCalled();
  await user.type(within(dialog).getByRole("textbox"), "Newsroom");
  await user.click(within(dialog).getByRole("button", { name: text.remove }));
  await vi.waitFor(() => {
    expect(deleted).toHaveBeenCalledWith('"4"');
  });
});
