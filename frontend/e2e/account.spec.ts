import { expect, expectAccessible, expectNoSidewaysScroll, type Person, signUp, test } from "./support";
import type { Page } from "@playwright/test";
import { code } from "./totp";

async function signOut(page: Page) {
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await expect(page).toHaveURL(/\/app\/sign-in/);
}

async function signIn(page: Page, person: Person) {
  await page.getByLabel("E-mail address").fill(person.email);
  await page.getByLabel("Password", { exact: true }).fill(person.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("an authenticator app is set up, asked for and removed; recovery codes stand in for it", async ({ page }) => {
  const ada = await signUp(page.request);
  await page.goto("/app/account?tab=security");
  await page.getByRole("button", { name: "Set up" }).click();
  await page.getByLabel("Your password").fill(ada.password);
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Set up" }).click();
  await expect(page.getByRole("img", { name: /QR code/ })).toBeVisible();
  await expectAccessible(page);
  const secret = await page.getByRole("dialog").locator("code").innerText();
  await page.getByLabel("The code that the app shows now").fill(code(secret));
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText("they are shown this once")).toBeVisible();
  await expectAccessible(page);
  const codes = await page.getByRole("dialog").getByRole("listitem").allInnerTexts();
  expect(codes).toHaveLength(10);
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  expect(file.suggestedFilename()).toBe("ginnel-recovery-codes.txt");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("10 codes left")).toBeVisible();

  await signOut(page);
  await signIn(page, ada);
  await expect(page.getByRole("heading", { name: "Second step" })).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.getByLabel("Code of your authenticator app").fill("000000");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByText("This code is wrong")).toBeVisible();
  // The code of this step was used: that of the next one is good already.
  await page.getByLabel("Code of your authenticator app").fill(code(secret, 1));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/app\/links/);

  await signOut(page);
  await signIn(page, ada);
  await page.getByRole("button", { name: "Use a recovery code" }).click();
  await page.getByLabel("Recovery code").fill(codes[0] ?? "");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/app\/links/);

  await page.goto("/app/account?tab=security");
  await expect(page.getByText("9 codes left")).toBeVisible();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByLabel("Your password").fill(ada.password);
  await page.getByLabel("Code", { exact: true }).fill(codes[1] ?? "");
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("Not set up")).toBeVisible();
});

test("a passkey is added, and is enough to sign in", async ({ page }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
  });
  const ada = await signUp(page.request);
  await page.goto("/app/account?tab=security");
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Laptop");
  await page.getByLabel("Your password").fill(ada.password);
  await page.getByRole("dialog").getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("Laptop", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "What can be done with “Laptop”" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Old laptop");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Old laptop", { exact: true })).toBeVisible();

  await signOut(page);
  // Where the browser offers it in the field, the virtual authenticator takes it there at once.
  await Promise.race([page.getByRole("button", { name: "Sign in with a passkey" }).click(), page.waitForURL(/\/app\/links/)]);
  await expect(page).toHaveURL(/\/app\/links/);
});

test("every part of the account is there for everybody, on any screen", async ({ page }) => {
  await signUp(page.request);
  for (const tab of ["Profile", "Sign-in", "Sessions", "Your data"]) {
    await page.goto("/app/account");
    await page.getByRole("link", { name: tab, exact: true }).click();
    await expect(page.locator(".skeleton")).toHaveCount(0);
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
  }
});

test("somebody takes their data along and erases their account", async ({ page }) => {
  const ada = await signUp(page.request);
  await page.goto("/app/account?tab=data");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download my data" }).click()]);
  expect(file.suggestedFilename()).toBe("my-data.zip");
  await page.getByRole("button", { name: "Erase my account …" }).click();
  await expectAccessible(page);
  await page.getByLabel("Your password").fill(ada.password);
  await page.getByLabel(`Type “${ada.email}” to go on`).fill("someone@else.example");
  await page.getByRole("button", { name: "Erase my account for good" }).click();
  await expect(page.getByText("This is not what stands there.")).toBeVisible();
  await page.getByLabel(`Type “${ada.email}” to go on`).fill(ada.email);
  await page.getByRole("button", { name: "Erase my account for good" }).click();
  await expect(page.getByText("Your account is erased.")).toBeVisible();
  await signIn(page, ada);
  await expect(page.getByText("The e-mail address or the password is wrong.")).toBeVisible();
});

test("other sessions are seen and ended", async ({ page, browser }) => {
  const ada = await signUp(page.request);
  const elsewhere = await browser.newContext();
  await elsewhere.request.post("/api/v1/auth/login", { data: { email: ada.email, password: ada.password } });
  await page.goto("/app/account?tab=sessions");
  await page.getByRole("button", { name: "Sign out all others" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out all others" }).click();
  await expect(page.getByRole("button", { name: /^Sign out/ })).toHaveCount(0);
  expect((await elsewhere.request.post("/api/v1/auth/refresh", { data: {} })).status()).toBe(401);
  await elsewhere.close();
});
