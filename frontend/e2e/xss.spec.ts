import type { APIRequestContext, Page } from "@playwright/test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { open, type Pages, seed, signInAsAdmin, type Words } from "./pages";
import { call, expect, type Person, signUp, test } from "./support";

declare global {
  interface Window {
    __xss?: unknown;
    /** What the policy refused, as the browser says it. */
    __refused?: string[];
  }
}

/** Markup that would set `window.__xss` wherever it were taken for more than text. */
const PAYLOADS = [
  `<script>window.__xss=1</script>`,
  `<img src=x onerror="window.__xss=2">`,
  `"><svg onload=window.__xss=3>`,
  `'-(window.__xss=4)-'`,
  `</title></textarea><iframe srcdoc="<script>parent.__xss=5</script>">`,
  `{{constructor.constructor('window.__xss=6')()}}\${window.__xss=6}`,
  `javascript:window.__xss=7//`,
] as const;

/** Where strings lie that break things (`blns.json`, the Big List of Naughty Strings); it is no part of this repository. */
const LIST = join(process.env.CORPORA ?? "corpora", "strings", "blns.json");

/** Words that the API takes: without what headers and names may not hold, and no longer than they may be. */
const worded = (text: string, length = 100) => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ufdd0-\uffff]/g, "").trim().slice(0, length) || "-";
const inHeader = (text: string) => worded(text, 200).replaceAll(/[^ -~]/g, "").trim() || "-";

function words(text: string): Words {
  return {
    title: worded(text),
    description: worded(text),
    tag: worded(text, 60).replaceAll(",", " ").trim() || "-",
    name: worded(text),
    campaign: worded(text),
    referrer: inHeader(text),
    agent: inHeader(text),
  };
}

/** Put a text wherever the API takes one; `guest` is a browser of nobody who is signed in. */
async function spread(page: Page, guest: APIRequestContext, person: Person, text: string): Promise<Pages> {
  const { request } = page;
  const said = words(text);
  const pages = await seed(request, person, said);
  // What has rules of its own may refuse it; what it does not refuse, it shows.
  const attempt = (method: "POST" | "PATCH", path: string, data: unknown) =>
    request.fetch(`/api/v1${path}`, { method, data, headers: { authorization: `Bearer ${person.token}` } });
  const me = await call<{ workspace: number }>(request, person, "GET", "/auth/me");
  await signUp(guest, { name: said.name });
  await attempt("PATCH", `/workspaces/${me.workspace}`, { name: said.name });
  await attempt("POST", "/tags", { name: `${said.tag} 2` });
  await attempt("POST", "/links", { target: `https://example.com/?q=${encodeURIComponent(said.title)}#${encodeURIComponent(said.title)}`, slug: said.name });
  await guest.get(`/${encodeURIComponent(said.name)}`, { maxRedirects: 0, headers: { referer: `https://x.example/${encodeURIComponent(said.name)}`, "user-agent": said.agent } });
  await guest.get(`/${inHeader(text).replaceAll(/[^!-~]/g, "")}`.slice(0, 60), { maxRedirects: 0, headers: { "user-agent": said.agent } }).catch(() => undefined);
  return pages;
}

async function expectInert(page: Page, pages: Pages): Promise<void> {
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.__refused = [];
    addEventListener("securitypolicyviolation", (event) => window.__refused?.push(`${event.violatedDirective} ${event.sample}`));
  });
  for (const [name, path] of Object.entries(pages))
    await test.step(name, async () => {
      await open(page, path);
      expect(await page.evaluate(() => [window.__xss, window.__refused])).toEqual([undefined, []]);
    });
  expect(dialogs).toEqual([]);
}

test("markup in every field, and in what visitors send, stays text on every page", async ({ page, request }) => {
  test.setTimeout(600_000);
  const person = await signInAsAdmin(page.request);
  let pages: Pages = {};
  for (const payload of PAYLOADS) pages = await spread(page, request, person, payload);
  await expectInert(page, pages);
});

test("strings that break things stay text on every page", async ({ page, request }) => {
  test.skip(!existsSync(LIST), "set CORPORA to a folder that has strings/blns.json");
  test.setTimeout(900_000);
  const person = await signInAsAdmin(page.request);
  const strings = (JSON.parse(readFileSync(LIST, "utf8")) as string[]).filter((text) => text.trim() !== "");
  const titled = strings.map((text) => ({ op: "create", target: "https://example.com/", title: worded(text), description: worded(text, 300) }));
  for (let from = 0; from < titled.length; from += 100) await call(page.request, person, "POST", "/links/bulk", titled.slice(from, from + 100));
  const markup = strings.filter((text) => /[<>]|script/i.test(text));
  let pages: Pages = {};
  // One of each kind goes everywhere; all of them are titles.
  for (const text of markup.filter((_, index) => index % 25 === 0)) pages = await spread(page, request, person, text);
  await expectInert(page, pages);
});
