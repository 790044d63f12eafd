// How long pages take to be seen on a slow phone's connection, as headless Chromium reports it. One JSON line a load.
//   node scripts/measure.mjs RUNS EMAIL PASSWORD NAME=ORIGIN…
import { chromium } from "@playwright/test";

const [runs, email, password, ...targets] = process.argv.slice(2);
// What Lighthouse calls slow 4G, applied rather than simulated: 1.6 Mbit/s down, 750 kbit/s up, 150 ms, a processor of a quarter's speed.
const NETWORK = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
const SLOWER = 4;
const PHONE = { viewport: { width: 412, height: 823 }, deviceScaleFactor: 1.75, isMobile: true, locale: "en-GB" };
const PAGES = { landing: "/", analytics: "/app/analytics" };
const SETTLED = 5000; // ms without a word from the page

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

function watch() {
  window.seen = { lcp: 0, what: "", cls: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.seen = { ...window.seen, lcp: entry.startTime, what: (entry.element?.textContent ?? "").slice(0, 30) };
  }).observe({ type: "largest-contentful-paint", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.cls += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}

async function load(origin, path) {
  const context = await browser.newContext(PHONE);
  try {
    if (path.startsWith("/app")) {
      const answer = await context.request.post(`${origin}/api/v1/auth/login`, { data: { email, password } });
      if (!answer.ok()) throw new Error(`log-in: ${answer.status()} ${await answer.text()}`);
    }
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.emulateNetworkConditions", NETWORK);
    await session.send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    await page.addInitScript(watch);
    await page.goto(origin + path, { waitUntil: "load" });
    if (path === PAGES.analytics) await page.waitForFunction(() => performance.getEntriesByName("numbers-painted").length > 0, undefined, { timeout: 60_000 });
    await page.waitForTimeout(SETTLED);
    return await page.evaluate(() => ({
      ...window.seen,
      fcp: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? null,
      numbers: performance.getEntriesByName("numbers-painted")[0]?.startTime ?? null,
      bytes: performance.getEntriesByType("resource").reduce((sum, { transferSize }) => sum + transferSize, 0),
    }));
  } finally {
    await context.close();
  }
}

for (let run = 1; run <= Number(runs); run += 1)
  for (const [page, path] of Object.entries(PAGES))
    for (const target of targets) {
      const [build, origin] = target.split(/=(.*)/);
      console.log(JSON.stringify({ run, page, build, ...(await load(origin, path)) }));
    }
await browser.close();
