import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Account } from "./Account";

const session = { id: 1, device: "Firefox on Windows", country: "GB", city: "London", created_at: "2026-01-01T00:00:00Z", last_used_at: "2026-01-02T00:00:00Z", expires_at: "2027-01-01T00:00:00Z", current: true };
const other = { ...session, id: 2, device: "Safari on iOS", country: null, city: null, current: false };

test("is accessible, and ends one session or all but this one", async () => {
  signIn();
  let items = [session, other, { ...other, id: 3, device: "curl" }];
  server.use(
    http.get("*/api/v1/auth/sessions", () => HttpResponse.json({ items, next_cursor: null })),
    http.delete("*/api/v1/auth/sessions/:id", ({ params }) => {
      items = items.filter(({ id }) => String(id) !== params.id);
      return new HttpResponse(null, { status: 204 });
    }),
    http.delete("*/api/v1/auth/sessions", () => {
      items = [session];
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { container, user } = await show(<Account tab="sessions" />);
  expect(await screen.findByText(/London, United Kingdom/)).toBeVisible();
  await expectAccessible(container);
  await user.click(screen.getByRole("button", { name: "Sign out curl" }));
  await expect.poll(() => screen.queryByText("curl")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Sign out all others" }));
  const [, confirm] = screen.getAllByRole("button", { name: "Sign out all others" });
  if (confirm) await user.click(confirm);
  await expect.poll(() => screen.queryByText("Safari on iOS")).toBeNull();
  expect(screen.getByText("Firefox on Windows")).toBeVisible();
});
