import { readFile } from "node:fs/promises";
import { call, expect, expectAccessible, expectNoSidewaysScroll, type Person, signUp, test } from "./support";

const PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
const COMPUTER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:141.0) Gecko/20100101 Firefox/141.0";
const BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

interface Link {
  readonly id: number;
  readonly short_url: string;
}

const shorten = (request: Parameters<typeof call>[0], person: Person) => call<Link>(request, person, "POST", "/links", { target: "https://example.com/landing" });

test("clicks are seen as they come, filtered by a bar, and taken along", async ({ page, playwright }) => {
  const ada = await signUp(page.request);
  const link = await shorten(page.request, ada);
  await page.goto("/app/analytics?range=today");
  await expect(page.getByText("No clicks in this time.")).toBeVisible();

  // Somebody else's requests: they bring no cookies of Ada's.
  const visitors = await playwright.request.newContext();
  const follow = (agent: string, referer?: string) => visitors.get(link.short_url, { maxRedirects: 0, headers: { "user-agent": agent, ...(referer ? { referer } : {}) } });
  await follow(PHONE, "https://www.google.com/");
  await follow(COMPUTER);
  await follow(BOT);

  const live = page.getByRole("list", { name: "Live" });
  await expect(live.getByRole("listitem")).toHaveCount(3);
  await expect(live.getByText("from Google")).toBeVisible();
  await expect(page.locator("dl").getByText("2", { exact: true })).toHaveCount(2);

  const phone = page.getByRole("link", { name: "Only Phone: 1" });
  await expect(phone).toBeVisible({ timeout: 20_000 });
  await phone.click();
  await expect(page).toHaveURL(/filter=/);
  await expect(page.getByRole("link", { name: "Turn round: Device is Phone" })).toBeVisible();
  await expect(page.locator("dl").getByText("1", { exact: true })).toHaveCount(2);

  await page.getByRole("region", { name: "Sources" }).getByRole("button", { name: "Download" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "CSV" }).click()]);
  expect(download.suggestedFilename()).toBe("source.csv");
  expect(await readFile(await download.path(), "utf8")).toMatch(/^value,other,clicks,visitors,bots\r?\nGoogle,.*1,1,0/);
  await visitors.dispose();
});

test("the page is for everybody, in the light, in the dark and on a phone", async ({ page, playwright }) => {
  const ada = await signUp(page.request);
  const link = await shorten(page.request, ada);
  const visitors = await playwright.request.newContext();
  for (const agent of [PHONE, COMPUTER, BOT]) await visitors.get(link.short_url, { maxRedirects: 0, headers: { "user-agent": agent } });
  await page.goto("/app/analytics?compare=weekdays");
  await expect(page.getByRole("link", { name: "Only Phone: 1" })).toBeVisible({ timeout: 20_000 });
  await page.getByText("As a table").click();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.goto("/app/analytics?all=browser");
  await expect(page.getByRole("dialog").getByRole("link", { name: /Firefox/ })).toBeVisible();
  await expectAccessible(page);
  await visitors.dispose();
});

test("a chart is read and zoomed by keys alone", async ({ page }) => {
  await signUp(page.request);
  await page.goto("/app/analytics?range=7d");
  const chart = page.getByRole("slider", { name: "Point of the chart" });
  await chart.focus();
  await page.keyboard.press("Home");
  await expect(chart).toHaveAttribute("aria-valuetext", /: 0 clicks, 0 visitors, 0 bots$/);
  await page.keyboard.press("Shift+ArrowRight");
  await expect(chart).toHaveAttribute("aria-valuetext", / selected$/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/from=.*to=/);
  await expect(page.getByRole("combobox", { name: "Interval" })).toHaveValue("hour");
});

test("shared numbers are seen without an account, until that ends", async ({ page, browser }) => {
  const ada = await signUp(page.request);
  const link = await shorten(page.request, ada);
  const share = await call<{ id: number; url: string }>(page.request, ada, "POST", `/links/${link.id}/shares`, { name: "Printer" });
  const context = await browser.newContext();
  const stranger = await context.newPage();
  const path = new URL(share.url).pathname;
  await stranger.goto(path);
  await expect(stranger.getByRole("heading", { level: 1 })).toContainText(link.short_url.replace(/^https?:\/\//, ""));
  await expect(stranger.getByText("Clicks", { exact: true }).first()).toBeVisible();
  await expect(stranger.getByRole("button", { name: "Download" })).toHaveCount(0);
  await expectAccessible(stranger);
  await expectNoSidewaysScroll(stranger);
  await call(page.request, ada, "DELETE", `/links/${link.id}/shares/${share.id}`);
  await stranger.goto(path);
  await expect(stranger.getByText("There is nothing here (any more)")).toBeVisible();
  await context.close();
});

test("what was asked for in vain is listed for who may make it, with nothing to scroll sideways", async ({ page }) => {
  await signUp(page.request);
  await page.goto("/app/orphans");
  await expect(page.getByText("No orphans")).toBeVisible();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
});
