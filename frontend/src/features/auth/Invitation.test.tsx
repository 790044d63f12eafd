import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { workspace } from "@/api/workspace";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Invitation } from "./Invitation";

const invited = { workspace: "Newsroom", invited_by: "Grace", email: "ada@example.com", role: "member", expires_at: "2026-12-01T00:00:00Z" };

beforeEach(() => {
  sessionStorage.clear();
  server.use(http.post("*/api/v1/invitations/preview", () => HttpResponse.json(invited)));
});

test("is accessible, and says what it is into, from whom and for whom", async () => {
  const { container } = await show(<Invitation />, { at: "/#ticket=secret" });
  expect(await screen.findByRole("heading", { name: "Join “Newsroom”" })).toBeVisible();
  expect(screen.getByText(/Grace invites you/)).toHaveTextContent("ada@example.com");
  await expectAccessible(container);
});

test("who is signed in with that address accepts, and is in that workspace then", async () => {
  signIn();
  server.use(http.post("*/api/v1/invitations/accept", () => HttpResponse.json({ workspace: 8, role: "member" })));
  const { user } = await show(<Invitation />, { at: "/#ticket=secret" });
  await user.click(await screen.findByRole("button", { name: "Accept" }));
  await waitFor(() => {
    expect(workspace()).toBe(8);
  });
  expect(sessionStorage.length).toBe(0);
});

test("who is signed in with another address is told so", async () => {
  signIn({ email: "grace@example.com" });
  await show(<Invitation />, { at: "/#ticket=secret" });
  expect(await screen.findByText(/You are signed in as grace@example.com/)).toBeVisible();
  expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
});

test("who has no account makes one with the address that was invited", async () => {
  let sent: unknown;
  server.use(
    http.post("*/api/v1/auth/register", async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ user: {}, access_token: "token", token_type: "Bearer", expires_in: 900 }, { status: 201 });
    }),
  );
  const { user } = await show(<Invitation />, { at: "/#ticket=secret" });
  await user.click(await screen.findByRole("button", { name: "Create an account and join" }));
  await user.type(screen.getByLabelText("Password"), "violet harbour umbrella{Enter}");
  await waitFor(() => {
    expect(sent).toMatchObject({ email: "ada@example.com", invitation: "secret" });
  });
});

test("anybody may decline", async () => {
  server.use(http.post("*/api/v1/invitations/decline", () => new HttpResponse(null, { status: 204 })));
  const { user } = await show(<Invitation />, { at: "/#ticket=secret" });
  await user.click(await screen.findByRole("button", { name: "Decline" }));
  expect(await screen.findByText("You declined the invitation.")).toBeVisible();
});

test("one that is over says why", async () => {
  server.use(http.post("*/api/v1/invitations/preview", () => HttpResponse.json({ title: "Gone", status: 410, code: "invitation_revoked" }, { status: 410 })));
  await show(<Invitation />, { at: "/#ticket=secret" });
  expect(await screen.findByRole("alert")).toHaveTextContent("This invitation was withdrawn.");
});
