import { screen, waitFor, within } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { beforeEach, expect, test } from "vitest";
import { current } from "@/api/session";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { Profile } from "./Profile";

beforeEach(() => {
  signIn();
});

async function open() {
  const shown = await show(<Profile />);
  await shown.user.click(screen.getByRole("button", { name: "Change the name" }));
  const field = within(await screen.findByRole("dialog")).getByLabelText("Name");
  await shown.user.clear(field);
  return { ...shown, field };
}

test("is accessible", async () => {
  const { container } = await open();
  await expectAccessible(container);
});

test("a new name is shown at once", async () => {
  let sent: unknown;
  server.use(
    http.patch("*/api/v1/auth/me", async ({ request }) => {
      sent = await request.json();
      const session = current();
      return HttpResponse.json(session.status === "in" ? { ...session.user, name: "Ada Lovelace" } : {});
    }),
  );
  const { user, field } = await open();
  await user.type(field, " Ada Lovelace {Enter}");
  expect(await screen.findByText("Ada Lovelace")).toBeVisible();
  expect(sent).toEqual({ name: "Ada Lovelace" });
  await waitFor(() => {
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });
});

test("what is refused stays typed, with the reason at the field", async () => {
  const errors = [{ pointer: "/name", code: "invalid", detail: "is no name" }];
  server.use(http.patch("*/api/v1/auth/me", () => HttpResponse.json({ status: 422, code: "invalid", detail: "No.", errors }, { status: 422 })));
  const { user, field } = await open();
  await user.type(field, "???{Enter}");
  await waitFor(() => {
    expect(field).toBeInvalid();
  });
  expect(field).toHaveValue("???");
});

test("guests have none to change", async () => {
  signIn({ email: null, guest: true });
  await show(<Profile />);
  expect(screen.queryByRole("button", { name: "Change the name" })).not.toBeInTheDocument();
});
