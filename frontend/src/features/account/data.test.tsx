import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test, vi } from "vitest";
import { current } from "@/api/session";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Account } from "./Account";
import { takeOut } from "./takeOut";

// A file that is saved is a page that is left, as far as happy-dom knows.
vi.mock("@/lib/save", () => ({ save: vi.fn() }));

const workspace = { id: 1, name: "Ada's", personal: true, role: "owner", members: 1, links: 3, deleted_at: null };

beforeEach(() => {
  signIn();
  server.use(
    http.get("*/api/v1/auth/factors", () => HttpResponse.json({ totp: null, passkeys: [], recovery_codes_left: 0 })),
    http.get("*/api/v1/workspaces", () => HttpResponse.json({ items: [workspace, { ...workspace, id: 8, name: "Newsroom", personal: false, members: 4 }], next_cursor: null })),
  );
});

async function fill(user: Awaited<ReturnType<typeof show>>["user"], typed: string) {
  await user.click(screen.getByRole("button", { name: "Erase my account …" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.type(await dialog.findByLabelText("Newsroom"), "grace@example.com");
  await user.type(dialog.getByLabelText(/^Type/), typed);
  await user.type(dialog.getByLabelText("Your password"), "correct horse{Enter}");
}

test("is accessible", async () => {
  const { container, user } = await show(<Account tab="data" />);
  await expectAccessible(container);
  await user.click(screen.getByRole("button", { name: "Erase my account …" }));
  await expectAccessible(container);
});

test("nothing is erased before the address was typed", async () => {
  const { user } = await show(<Account tab="data" />);
  await fill(user, "something else");
  expect(await screen.findByText("This is not what stands there.")).toBeVisible();
  expect(current().status).toBe("in");
});

test("erasing hands over what was named, and signs out", async () => {
  const left = vi.spyOn(location, "assign").mockImplementation(() => undefined);
  let sent: unknown;
  server.use(
    http.delete("*/api/v1/auth/me", async ({ request }) => {
      sent = await request.json();
      return HttpResponse.json({ requested_at: "2026-02-01T00:00:00Z", deleted: [1], handed_over: [8] }, { status: 202 });
    }),
  );
  const { user } = await show(<Account tab="data" />);
  await fill(user, "ADA@example.com");
  await waitFor(() => {
    expect(sent).toEqual({ password: "correct horse", hand_over: [{ workspace: 8, to: "grace@example.com" }] });
    expect(left).toHaveBeenCalledWith("/app/sign-in?said=erased");
  });
});

test("an export in parts is fetched to its end, and from nowhere else", async () => {
  const asked: string[] = [];
  server.use(
    http.get("*/api/v1/auth/me/export", ({ request }) => {
      const cursor = new URL(request.url).searchParams.get("cursor");
      asked.push(cursor ?? "");
      const next = { "": "</api/v1/auth/me/export?cursor=two>", two: "<https://evil.example/three>" }[cursor ?? ""];
      return new HttpResponse("zip", { headers: { "content-type": "application/zip", link: `${next}; rel="next"` } });
    }),
  );
  expect(await takeOut(() => undefined)).toBe(2);
  expect(asked).toEqual(["", "two"]);
});
