import { OUTSIDE, open, seed, signInAsAdmin } from "./pages";
import { expectNoSidewaysScroll, test } from "./support";

test("no page has to be scrolled sideways, from a phone to a desk", async ({ page }) => {
  test.setTimeout(600_000);
  const long = "aVeryLongWordWithoutAnyPlaceToBreakIt".repeat(2);
  for (const [name, path] of Object.entries(OUTSIDE))
    await test.step(name, async () => {
      await open(page, path);
      await expectNoSidewaysScroll(page);
    });
  const pages = await seed(page.request, await signInAsAdmin(page.request), { title: long, tag: long.slice(0, 60), name: long, campaign: long });
  for (const [name, path] of Object.entries(pages))
    await test.step(name, async () => {
      await open(page, path);
      await expectNoSidewaysScroll(page);
    });
});
