import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { server } from "@/test/server";
import { Shortener } from "./Shortener";

const guest = { user: { id: 1, email: null, guest: true }, access_token: "g", token_type: "Bearer", expires_in: 900 };
const problem = (status: number, code: string, detail: string) => HttpResponse.json({ status, code, detail }, { status });
const nobody = http.post("*/api/v1/auth/refresh", () => problem(401, "unauthorized", "no"));

test("is accessible", async () => {
  const { container } = render(<Shortener />);
  await expectAccessible(container);
});

test("one paste and one key make a short link, as a guest, and copy it", async () => {
  const user = userEvent.setup();
  const sent: unknown[] = [];
  server.use(
    nobody,
    http.post("*/api/v1/auth/guest", () => HttpResponse.json(guest, { status: 201 })),
    http.post("*/api/v1/links", async ({ request }) => {
      sent.push([request.headers.get("authorization"), await request.json()]);
      const expires = new Date(Date.now() + 7 * 86_400_000).toISOString();
      return HttpResponse.json({ id: 7, short_url: "http://go.test/abc", target: "https://example.com/", expires_at: expires }, { status: 201 });
    }),
  );
  const { container } = render(<Shortener />);
  await user.paste("example.com");
  await user.keyboard("{Enter}");
  expect(await screen.findByText("go.test/abc")).toBeVisible();
  expect(sent).toEqual([["Bearer g", { target: "https://example.com" }]]);
  expect(await navigator.clipboard.readText()).toBe("http://go.test/abc");
  expect(screen.getByText(/for 7 days/)).toBeVisible();
  await expectAccessible(container);
});

test("what is no address is told so, and stays to be mended", async () => {
  const user = userEvent.setup();
  render(<Shortener />);
  await user.paste("javascript:alert(1)");
  await user.keyboard("{Enter}");
  expect(await screen.findByText(/no web address/)).toBeVisible();
  expect(screen.getByRole("textbox")).toHaveValue("javascript:alert(1)");
  expect(screen.getByRole("textbox")).toHaveFocus();
});

test("where guests are not wanted, that is said", async () => {
  const user = userEvent.setup();
  server.use(
    nobody,
    http.post("*/api/v1/auth/guest", () => problem(403, "guests_off", "no")),
  );
  render(<Shortener />);
  await user.paste("https://example.com/");
  await user.keyboard("{Enter}");
  expect(await screen.findByText(/need an account/)).toBeVisible();
});
