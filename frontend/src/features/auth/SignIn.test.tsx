import { screen, waitFor } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { current } from "@/api/session";
import { expectAccessible } from "@/test/axe";
import { show } from "@/test/render";
import { server } from "@/test/server";
import { SignIn } from "./SignIn";

const ada = { id: 1, email: "ada@example.com", name: "Ada", is_admin: false, email_verified_at: null, created_at: "2026-01-01T00:00:00Z" };
const signedIn = { user: ada, access_token: "token", token_type: "Bearer", expires_in: 900 };
const refused = (status: number, code: string, headers = {}) => HttpResponse.json({ title: "No", status, code }, { status, headers });

beforeEach(() => {
  server.use(
    http.get("*/api/v1/auth/providers", () => HttpResponse.json({ items: [{ name: "Example", start: "/api/v1/auth/oidc/start" }], next_cursor: null })),
    http.get("*/api/v1/auth/registration", () => HttpResponse.json({ mode: "open" })),
  );
});

async function fill(user: Awaited<ReturnType<typeof show>>["user"]) {
  await user.type(screen.getByLabelText("E-mail address"), "ada@example.com");
  await user.type(screen.getByLabelText("Password"), "correct horse{Enter}");
}

test("is accessible, and leads to the provider and back", async () => {
  const { container } = await show(<SignIn next="/account" />);
  const button = await screen.findByRole("link", { name: "Continue with Example" });
  expect(button).toHaveAttribute("href", "/api/v1/auth/oidc/start?next=%2Fapp%2Faccount");
  expect(screen.getByLabelText("E-mail address")).toHaveAttribute("autocomplete", "username webauthn");
  await expectAccessible(container);
});

test("what was typed stays when it is refused", async () => {
  server.use(http.post("*/api/v1/auth/login", () => refused(401, "credentials_invalid")));
  const { user } = await show(<SignIn />);
  await fill(user);
  expect(await screen.findByRole("alert")).toHaveTextContent("The e-mail address or the password is wrong.");
  expect(screen.getByLabelText("E-mail address")).toHaveValue("ada@example.com");
  expect(current().status).toBe("out");
});

test("after too many tries it counts down, and sends nothing meanwhile", async () => {
  let tries = 0;
  server.use(
    http.post("*/api/v1/auth/login", () => {
      tries += 1;
      return refused(429, "too_many_requests", { "retry-after": "75" });
    }),
  );
  const { user } = await show(<SignIn />);
  await fill(user);
  expect(await screen.findByRole("button", { name: "Wait 1:15" })).toBeDisabled();
  await user.type(screen.getByLabelText("Password"), "{Enter}");
  expect(tries).toBe(1);
});

test("the second factor is sent with the password", async () => {
  let sent: unknown;
  server.use(
    http.post("*/api/v1/auth/login", async ({ request }) => {
      const body = (await request.json()) as { totp?: string };
      if (body.totp === undefined) return refused(401, "totp_required");
      sent = body;
      return HttpResponse.json(signedIn);
    }),
  );
  const { user, container } = await show(<SignIn />);
  await fill(user);
  const code = await screen.findByLabelText("Code of your authenticator app");
  expect(code).toHaveAttribute("autocomplete", "one-time-code");
  await expectAccessible(container);
  await user.type(code, "123456{Enter}");
  await waitFor(() => {
    expect(current().status).toBe("in");
  });
  expect(sent).toEqual({ email: "ada@example.com", password: "correct horse", totp: "123456" });
});

test("who comes back from a provider proves their second factor with its ticket, which leaves the address bar", async () => {
  let sent: unknown;
  server.use(
    http.post("*/api/v1/auth/oidc/finish", async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json(signedIn);
    }),
  );
  const { user } = await show(<SignIn />, { at: "/#factor=secret" });
  await user.click(await screen.findByRole("button", { name: "Use a recovery code" }));
  await user.type(screen.getByLabelText("Recovery code"), "7k3q-m9xv-2b8d-t4wz{Enter}");
  await waitFor(() => {
    expect(sent).toEqual({ ticket: "secret", totp: "7k3q-m9xv-2b8d-t4wz" });
  });
});

test("what went wrong at the provider is said in words, whatever the fragment holds", async () => {
  await show(<SignIn />, { at: "/#error=email_taken" });
  expect(await screen.findByRole("alert")).toHaveTextContent("Another account has this e-mail address already.");
});

test("codes that nobody knows are not echoed", async () => {
  await show(<SignIn />, { at: "/#error=%3Cb%3Ecall%20me" });
  expect(await screen.findByRole("alert")).toHaveTextContent("Signing in with the provider did not work.");
});
