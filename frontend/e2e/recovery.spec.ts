import { expect, expectAccessible, expectNoSidewaysScroll, freshEmail, linkOf, readMail, test } from "./support";

test("somebody registers, confirms their address, forgets their password and gets in again", async ({ page }) => {
  const email = freshEmail();
  await page.goto("/app/register");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("password1");
  await page.getByRole("button", { name: "Create an account" }).click();
  await expect(page.getByText("among the first that a stranger would guess")).toBeVisible();
  // Nothing typed is lost by a refusal.
  await expect(page.getByLabel("E-mail address")).toHaveValue(email);
  await page.getByLabel("Password", { exact: true }).fill("violet harbour umbrella");
  await page.getByRole("button", { name: "Create an account" }).click();
  await expect(page).toHaveURL(/\/app\/links/);
  await expect(page.getByText("Confirm your e-mail address")).toBeVisible();

  await page.goto(linkOf(await readMail(page.request, email, /confirm/i)));
  await expect(page.getByText("Your e-mail address is confirmed.")).toBeVisible();
  expect(new URL(page.url()).hash).toBe("");
  await expectAccessible(page);
  await page.getByRole("link", { name: "To your links" }).click();
  await expect(page.getByText("Confirm your e-mail address")).toBeHidden();

  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/app\/sign-in/);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);

  await page.getByLabel("E-mail address").fill(email);
  await page.getByRole("link", { name: "Forgotten password?" }).click();
  await expect(page.getByLabel("E-mail address")).toHaveValue(email);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Send the link" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mailbox" })).toBeVisible();
  await page.goto(linkOf(await readMail(page.request, email, /password/i)));
  await page.getByLabel("New password").fill("quiet lantern orchard");
  expect(new URL(page.url()).hash).toBe("");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save the new password" }).click();
  await expect(page.getByText("The new password holds.")).toBeVisible();

  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill("violet harbour umbrella");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByText("The e-mail address or the password is wrong.")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill("quiet lantern orchard");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/app\/links/);
});

test("a mail's link opened where nobody is signed in takes the account's password", async ({ page, browser }) => {
  const email = freshEmail();
  const password = "copper meadow lighthouse";
  const elsewhere = await browser.newContext();
  const answer = await elsewhere.request.post("/api/v1/auth/register", { data: { email, password } });
  expect(answer.status()).toBe(201);
  await page.goto(linkOf(await readMail(page.request, email, /confirm/i)));
  await page.getByLabel("Password", { exact: true }).fill("not the account's own");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText("This is not your account's password.")).toBeVisible();
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText("Your e-mail address is confirmed.")).toBeVisible();
  await elsewhere.close();
});

test("who followed a link to a page they may not see gets there by signing in, and nowhere else", async ({ page, browser, baseURL }) => {
  const email = freshEmail();
  const password = "amber willow stairway";
  const elsewhere = await browser.newContext();
  await elsewhere.request.post("/api/v1/auth/register", { data: { email, password } });
  await elsewhere.close();
  await page.goto("/app/account?tab=sessions");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page).toHaveURL(`${baseURL}/app/account?tab=sessions`);
  await page.goto("/app/sign-in?next=//evil.example/x");
  await expect(page).toHaveURL(`${baseURL}/app/links`);
});
