import { screen } from "@testing-library/react";
import { http, HttpResponse } from "msw";
import { expect, test } from "vitest";
import { current } from "@/api/session";
import { expectAccessible } from "@/test/axe";
import { show, signIn } from "@/test/render";
import { server } from "@/test/server";
import { ConfirmEmail } from "./ConfirmEmail";
import { Forgot } from "./Forgot";
import { Reset } from "./Reset";

test("asking for a new password is accessible, and tells nobody whether there is an account", async () => {
  server.use(http.post("*/api/v1/auth/forgot", () => new HttpResponse(null, { status: 202 })));
  const { container, user } = await show(<Forgot />);
  await expectAccessible(container);
  await user.type(screen.getByLabelText("E-mail address"), "ada@example.com{Enter}");
  expect(await screen.findByText(/If there is an account for ada@example.com/)).toBeVisible();
  await expectAccessible(container);
});

test("choosing one is accessible, sends the ticket, and signs out who was signed in", async () => {
  signIn();
  let sent: unknown;
  server.use(
    http.post("*/api/v1/auth/reset", async ({ request }) => {
      sent = await request.json();
      return new HttpResponse(null, { status: 204 });
    }),
  );
  const { container, user } = await show(<Reset />, { at: "/#ticket=secret" });
  await expectAccessible(container);
  await user.type(screen.getByLabelText("New password"), "violet harbour umbrella{Enter}");
  await expect.poll(() => current().status).toBe("out");
  expect(sent).toEqual({ ticket: "secret", password: "violet harbour umbrella" });
});

test("a used ticket is said to be one", async () => {
  server.use(http.post("*/api/v1/auth/reset", () => HttpResponse.json({ title: "No", status: 400, code: "ticket_invalid" }, { status: 400 })));
  const { user } = await show(<Reset />, { at: "/#ticket=secret" });
  await user.type(screen.getByLabelText("New password"), "violet harbour umbrella{Enter}");
  expect(await screen.findByRole("alert")).toHaveTextContent("This link was used before, or is too old.");
});

test("a change of address takes a press, and says what is left to do", async () => {
  server.use(http.post("*/api/v1/auth/email/confirm", () => HttpResponse.json({ changed: false })));
  const { container, user } = await show(<ConfirmEmail />, { at: "/#ticket=secret" });
  await expectAccessible(container);
  await user.click(screen.getByRole("button", { name: "Confirm the change" }));
  expect(await screen.findByText(/The other mailbox has a mail too/)).toBeVisible();
});
