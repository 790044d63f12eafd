import type { Page } from "@playwright/test";
import { call, expect, expectAccessible, expectNoSidewaysScroll, signUp, test } from "./support";

const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());
const rows = (page: Page) => page.getByRole("main").getByRole("list", { name: "Links" }).getByRole("listitem");

test.beforeEach(async ({ context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
});

test("the first link is one paste and one key", async ({ page }) => {
  await signUp(page.request);
  await page.goto("/app/links");
  await expect(page.getByText("No link yet")).toBeVisible();
  await page.getByLabel("Paste a long address").fill("https://example.com/a/long/page");
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await expect(page.getByText("is copied.")).toBeVisible();
  expect(await clipboard(page)).toMatch(/^http:\/\/localhost:\d+\/[a-z2-9]{8}$/);
});

test("links are made, changed, searched for, deleted and brought back by the keyboard alone", async ({ page }) => {
  await signUp(page.request);
  const slug = `spring-${Date.now()}`;
  await page.goto("/app/links");
  await expect(page.getByText("No link yet")).toBeVisible();

  await page.keyboard.press("c");
  await expect(page.getByLabel("Long address")).toBeFocused();
  await page.keyboard.type("https://example.com/spring");
  await page.keyboard.press("Tab");
  await page.keyboard.type(slug);
  await expect(page.getByText("Free", { exact: true })).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your link is ready")).toBeVisible();
  expect(await clipboard(page)).toContain(slug);

  await page.goto("/app/links");
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press("j");
  await page.keyboard.press("e");
  await page.getByLabel("Title").focus();
  await page.keyboard.type("Spring");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("Saved.")).toBeVisible();

  await page.goto("/app/links");
  await expect(rows(page)).toContainText("Spring");
  await page.keyboard.press("/");
  await expect(page.getByLabel("Search links")).toBeFocused();
  await page.keyboard.type("no such thing");
  await expect(page.getByText("No link matches")).toBeVisible();
  await expect(page).toHaveURL(/q=no/);
  await page.keyboard.press("Escape");
  await expect(rows(page)).toHaveCount(1);

  await page.keyboard.press("j");
  await page.keyboard.press("#");
  await expect(page.getByText("The link is deleted.")).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText("Spring");
});

test("a deletion that nobody undoes is done as the page is left", async ({ page }) => {
  const ada = await signUp(page.request);
  const { id } = await call<{ id: number }>(page.request, ada, "POST", "/links", { target: "https://example.com/gone" });
  await page.goto("/app/links");
  await expect(rows(page)).toHaveCount(1);
  await page.keyboard.press("j");
  await page.keyboard.press("#");
  await expect(rows(page)).toHaveCount(0);
  await page.goto("/app/tags");
  await expect(async () => {
    const answer = await page.request.get(`/api/v1/links/${id}`, { headers: { authorization: `Bearer ${ada.token}` } });
    expect(answer.status()).toBe(404);
  }).toPass();
});

test("an address that is pasted anywhere opens the builder", async ({ page }) => {
  await signUp(page.request);
  await page.goto("/app/tags");
  await expect(page.getByRole("heading", { level: 1, name: "Tags" })).toBeVisible();
  await page.evaluate(() => navigator.clipboard.writeText("https://example.com/pasted?a=1&b=2"));
  await page.keyboard.press("Control+v");
  await expect(page.getByLabel("Long address")).toHaveValue("https://example.com/pasted?a=1&b=2");
  await page.getByLabel("Long address").press("Enter");
  await expect(page.getByText("Your link is ready")).toBeVisible();
});

test("what was typed is there again after the page was left", async ({ page }) => {
  await signUp(page.request);
  await page.goto("/app/links/new");
  await page.getByLabel("Long address").fill("https://example.com/kept");
  await page.getByLabel("Title").fill("Kept");
  await page.getByRole("link", { name: "Tags" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Tags" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1, name: "Tags" })).toBeVisible();
  await page.keyboard.press("c");
  await expect(page.getByLabel("Title")).toHaveValue("Kept");
  await page.getByRole("button", { name: "Begin anew" }).click();
  await expect(page.getByLabel("Title")).toHaveValue("");
});

test("who was slower than somebody else is told so, and keeps what they wrote", async ({ page }) => {
  const ada = await signUp(page.request);
  const { id } = await call<{ id: number }>(page.request, ada, "POST", "/links", { target: "https://example.com/both" });
  await page.goto(`/app/links/${id}/edit`);
  await page.getByLabel("Title").fill("Mine");
  await call(page.request, ada, "PATCH", `/links/${id}`, { target: "https://example.com/theirs" });
  await page.keyboard.press("Control+s");
  await page.getByRole("button", { name: /Take theirs over/ }).click();
  await expect(page.getByLabel("Long address")).toHaveValue("https://example.com/theirs");
  await expect(page.getByLabel("Title")).toHaveValue("Mine");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("Saved.", { exact: true })).toBeVisible();
});

test("rules are made, and explained", async ({ page }) => {
  await signUp(page.request);
  await page.goto("/app/links/new");
  await page.getByLabel("Long address").fill("https://example.com/all");
  await page.getByText("Other targets for some visitors").click();
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Condition").selectOption("country");
  await page.getByLabel(/^Country/).fill("XX");
  await page.getByLabel("Leads to", { exact: true }).fill("https://example.com/austria");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("is not a country's code, such as DE (ISO 3166-1 alpha-2)").first()).toBeVisible();
  await page.getByLabel(/^Country/).fill("AT");
  await page.keyboard.press("Control+s");
  await page.getByRole("link", { name: "Statistics" }).click();
  await page.getByRole("link", { name: "Who gets what" }).click();
  await page.getByLabel("Country").fill("AT");
  await page.getByRole("button", { name: "Where are they led?" }).click();
  await expect(page.getByText("https://example.com/austria").first()).toBeVisible();
});

test("a file is checked, then imported, and exported again", async ({ page }) => {
  await signUp(page.request);
  const slug = `row-${Date.now()}`;
  await page.goto("/app/data");
  await page.getByLabel("File").setInputFiles({ name: "links.csv", mimeType: "text/csv", buffer: Buffer.from(`target,slug\nhttps://example.com/1,${slug}\nnot an address,\n`) });
  await page.getByRole("button", { name: "Check the file" }).click();
  await expect(page.getByText("The file is checked. Nothing is made yet.")).toBeVisible();
  await expect(page.getByRole("table")).toContainText("target");
  await page.getByRole("button", { name: "Import it now" }).click();
  await expect(page.getByText("The import is done.")).toBeVisible();
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as CSV" }).click();
  expect((await saved).suggestedFilename()).toBe("links.csv");
});

for (const place of ["links", "links/new", "tags?new=true", "domains?new=true", "data", "links/:id", "links/:id?tab=qr", "links/:id?tab=history", "links/:id?tab=explain", "links/:id?tab=settings", "links/:id/edit"])
  test(`/app/${place} is for everybody, on every screen`, async ({ page }) => {
    const ada = await signUp(page.request);
    const { id } = await call<{ id: number }>(page.request, ada, "POST", "/links", {
      target: `https://example.com/${"a-very-long-path/".repeat(20)}`,
      title: "<img src=x onerror=alert(1)> ".repeat(6),
      tags: ["a".repeat(64)],
      rules: [{ target: "https://example.com/ios", conditions: [{ type: "device", values: ["ios"] }] }],
      expires_at: "2026-01-01T00:00:00Z",
    });
    await page.goto(`/app/${place.replace(":id", String(id))}`);
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
  });
