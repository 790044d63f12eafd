import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { members as text } from "@/text/members";
import { Members } from "./Members";

const at = "2026-01-01T00:00:00Z";
const people = [
  { user: 1, name: "Ada", email: "ada@example.com", role: "owner", joined_at: at },
  { user: 2, name: "Bob", email: "bob@example.com", role: "member", joined_at: at },
];
const me = (role: string) => http.get("*/api/v1/auth/me", () => HttpResponse.json({ user: { id: 1 }, workspace: 5, role, scopes: [] }));

beforeEach(() => {
  signIn();
  server.use(
    me("owner"),
    http.get("*/api/v1/workspaces/5", () => HttpResponse.json({ id: 5, name: "Newsroom", personal: false })),
    http.get("*/api/v1/workspaces/5/members", () => HttpResponse.json({ items: people, next_cursor: null })),
    http.get("*/api/v1/workspaces/5/invitations", () =>
      HttpResponse.json({
        items: [{ id: 4, email: "cy@example.com", role: "viewer", invited_by: 1, created_at: at, sent_at: at, expires_at: at }],
        next_cursor: null,
      }),
    ),
  );
});

test("is accessible, its dialog too", async () => {
  const { container } = await show(<main><Members search={{ invite: true }} onSearch={vi.fn()} /></main>);
  await screen.findByText("Bob");
  await screen.findByText(/cy@example\.com/);
  await expectAccessible(container);
});

test("a role is changed at once, that of an owner after a question", async () => {
  const sent = vi.fn();
  server.use(
    http.patch("*/api/v1/workspaces/5/members/2", async ({ request }) => {
      sent(await request.json());
      return HttpResponse.json(people[1]);
    }),
  );
  const { user } = await show(<Members search={{}} onSearch={vi.fn()} />);
  const role = await screen.findByRole("combobox", { name: text.roleOf("Bob") });
  await user.selectOptions(role, "viewer");
  expect(await screen.findByText(text.changed("Bob", text.role.viewer))).toBeVisible();
  await user.selectOptions(role, "owner");
  expect(sent).toHaveBeenCalledTimes(1);
  await user.click(within(screen.getByRole("dialog")).getByRole("button", { name: text.makeOwner }));
  await vi.waitFor(() => {
    expect(sent).toHaveBeenLastCalledWith({ role: "owner" });
  });
});

test("what the API refuses is said where it was asked for", async () => {
  server.use(http.post("*/api/v1/workspaces/5/leave", () => HttpResponse.json({ status: 409, code: "last_owner", detail: "You are the last owner." }, { status: 409 })));
  const { user } = await show(<Members search={{}} onSearch={vi.fn()} />);
  await user.click(await screen.findByText(text.leave));
  const dialog = screen.getByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name: text.leave }));
  expect(await within(dialog).findByText("You are the last owner.")).toBeVisible();
});

test("an invitation keeps what was typed when it is refused", async () => {
  server.use(
    http.post("*/api/v1/workspaces/5/invitations", () =>
      HttpResponse.json({ status: 409, code: "already_invited", detail: "They were invited already." }, { status: 409 }),
    ),
  );
  const { user } = await show(<Members search={{ invite: true }} onSearch={vi.fn()} />);
  const email = await screen.findByRole("textbox", { name: text.email });
  await user.type(email, "dee@example.com");
  await user.click(screen.getByRole("button", { name: text.inviting }));
  expect(await screen.findByText("They were invited already.")).toBeVisible();
  expect(email).toHaveValue("dee@example.com");
});

test("members can leave, and manage nobody", async () => {
  server.use(me("member"));
  await show(<Members search={{}} onSearch={vi.fn()} />);
  await screen.findByText("Bob");
  expect(screen.queryByRole("combobox")).not.toBeInTheDocument();
  expect(screen.queryByText(text.remove)).not.toBeInTheDocument();
  expect(screen.queryByText(text.invitations)).not.toBeInTheDocument();
  expect(await screen.findByText(text.leave)).toBeInTheDocument();
});
