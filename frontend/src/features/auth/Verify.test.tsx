import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { current } from "@/api/session";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Verify } from "./Verify";

const proved = { id: 1, email: "ada@example.com", name: "Ada", is_admin: false, email_verified_at: "2026-02-01T00:00:00Z", created_at: "2026-01-01T00:00:00Z" };

test("is accessible, and asks for the password where nobody is signed in", async () => {
  let sent: unknown;
  server.use(
    http.post("*/api/v1/auth/verify", async ({ request }) => {
      sent = await request.json();
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { container, user } = await show(<Verify />, { at: "/#ticket=secret" });
  await expectAccessible(container);
  await user.type(screen.getByLabelText("Password"), "correct horse{Enter}");
  expect(await screen.findByText("Your e-mail address is confirmed.")).toBeVisible();
  expect(sent).toEqual({ ticket: "secret", password: "correct horse" });
});

test("the account's session is proof enough", async () => {
  signIn({ email_verified_at: null });
  server.use(
    http.post("*/api/v1/auth/verify", () => new HttpResponse(null, { status: 204 })),
    http.get("*/api/v1/auth/me", () => HttpResponse.json({ user: proved, workspace: 1, role: "owner", scopes: [] })),
  );
  await show(<Verify />, { at: "/#ticket=secret" });
  expect(await screen.findByText("Your e-mail address is confirmed.")).toBeVisible();
  expect(current()).toMatchObject({ user: { email_verified_at: proved.email_verified_at } });
});

test("another account's session is not: that account's password is", async () => {
  signIn();
  server.use(http.post("*/api/v1/auth/verify", () => HttpResponse.json({ title: "No", status: 403, code: "account_unproved" }, { status: 403 })));
  await show(<Verify />, { at: "/#ticket=secret" });
  expect(await screen.findByText(/for another account/)).toBeVisible();
  expect(screen.getByLabelText("Password")).toBeVisible();
});

test("without a ticket it says where one comes from", async () => {
  const { container } = await show(<Verify />);
  expect(await screen.findByRole("heading", { name: "This link is not complete" })).toBeVisible();
  await expectAccessible(container);
});
