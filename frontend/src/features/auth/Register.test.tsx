import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { current } from "@/api/session";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Register } from "./Register";

const ada = { id: 1, email: "ada@example.com", name: "", is_admin: false, email_verified_at: null, created_at: "2026-01-01T00:00:00Z" };
const mode = (mode: string) => http.get("*/api/v1/auth/registration", () => HttpResponse.json({ mode }));

beforeEach(() => {
  server.use(mode("open"), http.get("*/api/v1/auth/providers", () => HttpResponse.json({ items: [], next_cursor: null })));
});

async function fill(user: Awaited<ReturnType<typeof show>>["user"]) {
  await user.type(await screen.findByLabelText("E-mail address"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "violet harbour umbrella");
  await user.click(screen.getByRole("button", { name: "Create an account" }));
}

test("is accessible", async () => {
  const { container } = await show(<Register />);
  await screen.findByLabelText("Password");
  await expectAccessible(container);
});

test("says how good a password is by its length, and puts a refusal at its field", async () => {
  server.use(
    http.post("*/api/v1/auth/register", () =>
      HttpResponse.json({ title: "Invalid", status: 422, code: "invalid", errors: [{ pointer: "/password", detail: "is common" }] }, { status: 422 }),
    ),
  );
  const { user } = await show(<Register />);
  expect(await screen.findByText("At least 8 characters.")).toBeVisible();
  await fill(user);
  expect(screen.getByText(/Very good/)).toBeVisible();
  expect(await screen.findByText("is common")).toBeVisible();
  expect(screen.getByLabelText("Password")).toHaveFocus();
  expect(screen.getByLabelText("Password")).toHaveAccessibleDescription(/is common/);
});

test("by invitation only takes the ticket of the mail", async () => {
  let sent: unknown;
  server.use(
    mode("invite"),
    http.post("*/api/v1/auth/register", async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ user: ada, access_token: "token", token_type: "Bearer", expires_in: 900 }, { status: 201 });
    }),
  );
  const { user } = await show(<Register />, { at: "/#ticket=secret" });
  await fill(user);
  await waitFor(() => {
    expect(current().status).toBe("in");
  });
  expect(sent).toMatchObject({ email: "ada@example.com", invitation: "secret" });
});

test.each([
  ["invite", "By invitation only"],
  ["closed", "Registration is closed"],
])("%s: says so in place of the form", async (wanted, title) => {
  server.use(mode(wanted));
  const { container } = await show(<Register />);
  expect(await screen.findByRole("heading", { name: title })).toBeVisible();
  expect(screen.queryByLabelText("Password")).toBeNull();
  await expectAccessible(container);
});

test("a guest's registration carries their token, so that what they made stays theirs", async () => {
  signIn({ email: "" });
  let bearer: string | null = null;
  server.use(
    http.post("*/api/v1/auth/register", ({ request }) => {
      bearer = request.headers.get("authorization");
      return HttpResponse.json({ user: ada, access_token: "new", token_type: "Bearer", expires_in: 900 }, { status: 201 });
    }),
  );
  const { user } = await show(<Register />);
  expect(await screen.findByText("Everything you have made so far stays yours.")).toBeVisible();
  await fill(user);
  await waitFor(() => {
    expect(bearer).toBe("Bearer token");
  });
});
