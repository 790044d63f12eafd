import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import type { ShareOut } from "@/api/generated";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { ShareDialog } from "./ShareDialog";
import { endOf } from "./shares";

const share = (id: number, name: string | null, expires_at: string | null): ShareOut => ({ id, name, created_by: 1, created_at: "2026-11-01T00:00:00Z", expires_at });
let shares: ShareOut[] = [];

beforeEach(() => {
  signIn();
  shares = [share(2, "Printer's", null), share(1, null, "2026-11-02T00:00:00Z")];
  server.use(http.get("*/api/v1/links/7/shares", () => HttpResponse.json({ items: shares, next_cursor: null })));
});

const dialog = () => show(<ShareDialog link={7} onClose={vi.fn()} />);

test("is accessible", async () => {
  const { container } = await dialog();
  await screen.findByText("Printer's");
  await expectAccessible(container);
});

test("makes an address, copies it, and shows it this once", async () => {
  let sent: unknown;
  const url = "http://localhost/app/shared/s3cret";
  server.use(
    http.post("*/api/v1/links/7/shares", async ({ request }) => {
      sent = await request.json();
      shares = [share(3, "Boss", null), ...shares];
      return HttpResponse.json({ ...shares[0], token: "s3cret", url }, { status: 201 });
    }),
  );
  const { user } = await dialog();
  await user.type(screen.getByLabelText("For whom"), "Boss");
  await user.selectOptions(screen.getByLabelText("Until"), "Until it is ended");
  await user.click(screen.getByRole("button", { name: "Make an address" }));
  expect(await screen.findByText(url)).toBeVisible();
  expect(sent).toEqual({ name: "Boss", expires_at: null });
  expect(await navigator.clipboard.readText()).toBe(url);
  expect(await screen.findByText("Boss")).toBeVisible();
});

test("what was typed stays where it can't be made", async () => {
  server.use(http.post("*/api/v1/links/7/shares", () => HttpResponse.json({ status: 409, code: "too_many_shares", detail: "A link may have 100 shares." }, { status: 409 })));
  const { user } = await dialog();
  await user.type(screen.getByLabelText("For whom"), "Boss");
  await user.click(screen.getByRole("button", { name: "Make an address" }));
  expect(await screen.findByRole("alert")).toHaveTextContent("A link may have 100 shares.");
  expect(screen.getByLabelText("For whom")).toHaveValue("Boss");
});

test("one is ended once that was confirmed", async () => {
  server.use(
    http.delete("*/api/v1/links/7/shares/2", () => {
      shares = shares.filter(({ id }) => id !== 2);
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { user } = await dialog();
  const row = (await screen.findByText("Printer's")).closest("li") as HTMLElement;
  await user.click(within(row).getByRole("button", { name: "End" }));
  await user.click(within(await screen.findByRole("dialog", { name: "End this share?" })).getByRole("button", { name: "End" }));
  await waitFor(() => {
    expect(screen.queryByText("Printer's")).not.toBeInTheDocument();
  });
});

test("those that have ended say so", async () => {
  await dialog();
  expect((await screen.findByText("Without a name")).closest("li")).toHaveTextContent("ended 2 Nov 2026");
});

test("an end is so many days from now, or never", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  expect([endOf("week", now), endOf("never", now)]).toEqual(["2026-12-01T12:00:00.000Z", null]);
});
