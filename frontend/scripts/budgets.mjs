// What a page loads before it can be used, in kB of gzip, against what it may: `npm run budgets`, after a build.
import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "dist";
/** JavaScript by page: its entry, and the files of routes that it goes through. */
const PAGES = [
  ["landing", 80, "index.html", []],
  ["sign-in", 165, "app.html", ["sign-in"]],
  ["links", 165, "app.html", ["_in", "_in/links.index"]],
  ["analytics", 180, "app.html", ["_in", "_in/analytics"]],
  ["shared statistics", 180, "app.html", ["shared.$token"]],
];
const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
const size = (name) => readFileSync(join(folder, name.endsWith(".woff2") ? name : `${name}.gz`)).length / 1000;
const safe = (name) => {
  try {
    return size(name);
  } catch {
    return readFileSync(join(folder, name)).length / 1000; // too small to be compressed
  }
};

function within(key, seen) {
  const chunk = manifest[key];
  if (!chunk || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const next of chunk.imports ?? []) within(next, seen);
  return seen;
}

/** A route's component is a file of its own, split from the route by the router's plugin. */
const keysOf = (route) => Object.keys(manifest).filter((key) => key === `src/routes/${route}.tsx` || key.startsWith(`src/routes/${route}.tsx?`));

const rows = PAGES.map(([page, limit, entry, routes]) => {
  const files = new Set();
  within(entry, files);
  for (const route of routes) {
    const keys = keysOf(route);
    if (keys.length === 0) throw new Error(`there is no chunk of the route ${route}`);
    for (const key of keys) within(key, files);
  }
  return [`${page}, JavaScript`, [...files].reduce((sum, file) => sum + safe(file), 0), limit];
});
for (const page of ["index.html", "index.de.html", "app.html"]) rows.push([page, size(page), 12]);
const assets = Object.values(manifest).flatMap((chunk) => [chunk.file, ...(chunk.assets ?? [])]);
for (const font of new Set(assets.filter((name) => name.endsWith(".woff2")))) rows.push(["font", size(font), 50]);
const map = Object.entries(manifest).filter(([key, chunk]) => chunk.isDynamicEntry && /WorldMap/.test(key));
const base = within("app.html", new Set());
for (const page of ["_in", "_in/analytics"]) for (const key of keysOf(page)) within(key, base);
for (const [key] of map) rows.push(["map", [...within(key, new Set())].filter((file) => !base.has(file)).reduce((sum, file) => sum + safe(file), 0), 40]);

let over = 0;
console.log(`\n  ${"kB, compressed by gzip".padEnd(32)}${"is".padStart(8)}${"may be".padStart(8)}`);
for (const [name, is, may] of rows) {
  if (is > may) over += 1;
  console.log(`  ${name.padEnd(32)}${is.toFixed(1).padStart(8)}${String(may).padStart(8)}${is > may ? "  over" : ""}`);
}
console.log();
process.exit(over ? 1 : 0);
