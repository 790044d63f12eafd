import tailwind from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import type { UserConfig } from "vite";
import { defineConfig } from "vitest/config";
import { routePreload } from "./scripts/route-preload.ts";
import { withoutCare } from "./scripts/without-care.ts";
import { withoutFetchAdapter } from "./scripts/without-fetch-adapter.ts";
import { worldMap } from "./scripts/world-map.ts";

const API = process.env.API ?? "http://localhost:8000";

/** Chunks that every page shares, so that a page's own is small. */
const SPLIT: NonNullable<UserConfig["build"]> = {
  modulePreload: { polyfill: false },
  rolldownOptions: {
    input: { index: "index.html", app: "app.html" },
    output: {
      codeSplitting: {
        groups: [
          { name: "react", test: /node_modules\/(react|react-dom|scheduler)\//, priority: 10 },
          // What the landing page needs too, first for its text, then for its one call.
          { name: "language", test: /src\/lib\/(language|theme)\./, priority: 8 },
          { name: "api", test: /node_modules\/axios\/|src\/api\/(generated|axios|errors|session|workspace|query)/, priority: 7, minShareCount: 3 },
          // Of parts only those that every page has: others come with the pages that want them.
          {
            name: "core",
            test: /node_modules\/(@tanstack|use-sync-external-store)\/|src\/components\/(Button|IconButton|Notice|Failed|Empty|NotFound|PageSkeleton|PageHeader|Toasts|Key|Menu|Badge)\.|src\/lib\/(toast|keys|format)\.|lucide-react\/dist\/esm\/(Icon|createLucideIcon|shared)/,
            priority: 5,
            minShareCount: 2,
          },
        ],
      },
    },
  },
};
/** What one gets without taking care (`--mode naive`): all code in one file, nothing begun before it runs. Kept for comparison. */
const NAIVE: NonNullable<UserConfig["build"]> = {
  outDir: "dist-naive",
  rolldownOptions: {
    input: { index: "index.html", app: "app.html" },
    // Each page's entry stays its own: in one file with the other's, both would run.
    output: { codeSplitting: { groups: [{ name: "all", test: /^(?!.*\/src\/(landing\/)?main\.tsx|.*\.html)/, priority: 10 }] } },
  },
};

export default defineConfig(({ mode }) => ({
  plugins: [
    tanstackRouter({ target: "react", autoCodeSplitting: mode !== "naive", generatedRouteTree: "src/routes.gen.ts", routeFileIgnorePattern: ".test." }),
    react(),
    tailwind(),
    worldMap(),
    withoutFetchAdapter(),
    mode === "naive" ? withoutCare() : routePreload(),
  ],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "baseline-widely-available",
    // The host's own pages have their files in /assets itself.
    assetsDir: "assets/app",
    assetsInlineLimit: 0,
    manifest: "manifest.json",
    // The styles stand in the pages: no chunk asks for them again.
    cssCodeSplit: false,
    reportCompressedSize: false,
    ...(mode === "naive" ? NAIVE : SPLIT),
  },
  // `npm run dev` beside `make up`: pages from here, everything else from there.
  server: { proxy: { "/api": API, "/local": API } },
  test: {
    environment: "happy-dom",
    setupFiles: ["src/test/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    restoreMocks: true,
  },
}));
