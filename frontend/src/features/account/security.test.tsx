import { screen, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Account } from "./Account";
import { CodesDialog } from "./CodesDialog";
import { TotpSetUp } from "./TotpSetUp";

const factors = (wanted: object) =>
  http.get("*/api/v1/auth/factors", () => HttpResponse.json({ totp: null, passkeys: [], recovery_codes_left: 0, ...wanted }));
const page = { items: [], next_cursor: null };

beforeEach(() => {
  signIn();
  server.use(
    factors({}),
    http.get("*/api/v1/auth/identities", () => HttpResponse.json(page)),
    http.get("*/api/v1/auth/providers", () => HttpResponse.json(page)),
  );
});

test("is accessible, with a second factor and without", async () => {
  server.use(factors({ totp: { confirmed_at: "2026-01-02T00:00:00Z" }, passkeys: [{ id: 1, name: "Laptop", created_at: "2026-01-02T00:00:00Z", last_used_at: null }], recovery_codes_left: 2 }));
  const { container } = await show(<Account tab="security" />);
  expect(await screen.findByText("2 codes left")).toBeVisible();
  await expectAccessible(container);
});

test("what could not be had can be tried again", async () => {
  server.use(http.get("*/api/v1/auth/factors", () => HttpResponse.json({ title: "Away", status: 503 }, { status: 503 })));
  const { user } = await show(<Account tab="security" />);
  const [again] = await screen.findAllByRole("button", { name: "Try again" });
  server.use(factors({}));
  if (again) await user.click(again);
  expect(await screen.findByText("Not set up")).toBeVisible();
});

test("a code is asked for when the API wants one, and the password stays typed", async () => {
  const sent: unknown[] = [];
  server.use(
    factors({ passkeys: [{ id: 7, name: "Laptop", created_at: "2026-01-02T00:00:00Z", last_used_at: null }], recovery_codes_left: 10 }),
    http.post("*/api/v1/auth/recovery-codes", async ({ request }) => {
      const body = (await request.json()) as { code?: string };
      sent.push(body);
      return body.code === undefined
        ? HttpResponse.json({ title: "No", status: 403, code: "code_required" }, { status: 403 })
        : HttpResponse.json({ recovery_codes: ["aaaa-bbbb", "cccc-dddd"] }, { status: 201 });
    }),
  );
  const { user } = await show(<Account tab="security" />);
  await user.click(await screen.findByRole("button", { name: "Make new codes" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(dialog.getByLabelText("Your password"), "correct horse{Enter}");
  await user.type(await dialog.findByLabelText("Code"), "7k3q-m9xv{Enter}");
  expect(await screen.findByText("aaaa-bbbb")).toBeVisible();
  expect(sent).toEqual([{ password: "correct horse" }, { password: "correct horse", code: "7k3q-m9xv" }]);
});

test("setting the app up is accessible: the secret is a picture and a text", async () => {
  const { container } = await show(
    <TotpSetUp begun={{ secret: "JBSWY3DPEHPK3PXP", uri: "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP", qr: "" }} onDone={vi.fn()} onClose={vi.fn()} />,
  );
  expect(screen.getByRole("img", { name: /QR code/ })).toBeVisible();
  expect(screen.getByText("JBSW Y3DP EHPK 3PXP")).toBeVisible();
  await expectAccessible(container);
});

test("recovery codes are accessible, and copied all at once", async () => {
  const { container, user } = await show(<CodesDialog codes={["aaaa-bbbb", "cccc-dddd"]} onClose={vi.fn()} />);
  await expectAccessible(container);
  await user.click(screen.getByRole("button", { name: "Copy all" }));
  expect(await navigator.clipboard.readText()).toBe("aaaa-bbbb\ncccc-dddd");
});

test("guests are told how to become somebody, and asked for no password that they don't have", async () => {
  signIn({ email: "" });
  const { container } = await show(<Account tab="profile" />);
  expect(screen.getByText("You are here as a guest.")).toBeVisible();
  expect(screen.queryByLabelText("Your password")).toBeNull();
  expect(screen.queryByRole("link", { name: "Sign-in" })).toBeNull();
  await expectAccessible(container);
});
