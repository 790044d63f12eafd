import { defineConfig, devices } from "@playwright/test";

const PORT = Number(process.env.PORT ?? 8199);
const origin = `http://localhost:${PORT}`;

// Journeys in Debian's Chromium on the real host, which has servers of its own and keeps nothing. Whoever changes the dashboard
// builds it before (`make test-browser` does).
export default defineConfig({
  testDir: "e2e",
  // All on one host: what one journey does would be in another's way.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    baseURL: origin,
    locale: "en-GB",
    timezoneId: "Europe/London",
    // Colours are what they are when axe looks.
    contextOptions: { reducedMotion: "reduce" },
    trace: "retain-on-failure",
  },
  projects: [
    {
      name: "chromium",
      use: {
        ...devices["Desktop Chrome"],
        launchOptions: { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] },
      },
    },
  ],
  webServer: {
    command: `node e2e/host.mjs ${PORT}`,
    url: `${origin}/health`,
    // What the host logs is of use where it does not start, and noise otherwise.
    stdout: process.env.DEBUG ? "pipe" : "ignore",
    stderr: process.env.DEBUG ? "pipe" : "ignore",
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: "SIGTERM", timeout: 30_000 },
  },
});
