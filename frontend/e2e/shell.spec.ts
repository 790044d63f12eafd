import { expect, expectAccessible, expectNoSidewaysScroll, signUp, test } from "./support";

test("who is signed in finds their pages, and who is not is asked who they are", async ({ page }) => {
  await page.goto("/app/links");
  await expect(page).toHaveURL(/\/app\/sign-in\?next=/);
  await signUp(page.request);
  await page.goto("/app/account");
  await expect(page.getByRole("button", { name: "Account" })).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
});
