import { OUTSIDE, open, type Pages, seed, signInAsAdmin } from "./pages";
import { test } from "./support";

const SIZES = [
  ["desk", 1280],
  ["phone", 390],
] as const;

// Pictures to be looked at, of every page: `make screenshots` asks for them, the journeys don't.
test.skip(process.env.SCREENSHOTS === undefined, "only for `make screenshots`");

test("every page has its picture, on a desk and a phone, in the light and in the dark", async ({ page }) => {
  test.setTimeout(900_000);
  const take = async (pages: Pages) => {
    for (const theme of ["light", "dark"])
      for (const [size, width] of SIZES)
        for (const [name, path] of Object.entries(pages)) {
          await page.setViewportSize({ width, height: 844 });
          await page.addInitScript((wanted) => {
            localStorage.setItem("theme", wanted);
          }, theme);
          await open(page, path);
          await page.screenshot({ path: `screenshots/${name.replaceAll(" ", "-")}-${size}-${theme}.png`, fullPage: !path.includes("?") });
        }
  };
  await take(OUTSIDE);
  await take(await seed(page.request, await signInAsAdmin(page.request)));
});
