import { OUTSIDE, open, seed, signInAsAdmin } from "./pages";
import { expectAccessible, test } from "./support";

test("axe finds nothing on any page, in the light and in the dark", async ({ page }) => {
  test.setTimeout(600_000);
  for (const [name, path] of Object.entries(OUTSIDE))
    await test.step(name, async () => {
      await open(page, path);
      await expectAccessible(page);
    });
  const pages = await seed(page.request, await signInAsAdmin(page.request));
  for (const [name, path] of Object.entries(pages))
    await test.step(name, async () => {
      await open(page, path);
      await expectAccessible(page);
    });
});
