// What is left after Vite: the landing page rendered beforehand in each language, styles inlined, the inlined parts' hashes for
// the Content-Security-Policy, and files compressed once for all. `naive` does the last two only, for the build without care.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

const naive = process.argv[2] === "naive";
const folder = naive ? "dist-naive" : "dist";
const TEXT = /\.(html|js|css|svg|json|txt)$/;
const WORTH = 600; // bytes; less fits into one packet anyway
const LANGUAGES = ["en", "de"];
const read = (name) => readFileSync(join(folder, name), "utf8");
const write = (name, body) => writeFileSync(join(folder, name), body);

/** Have the styles in the page itself: they are small, and nothing is painted before they are here. */
const inlined = (html) =>
  html.replace(/<link rel="stylesheet"[^>]*href="\/([^"]+\.css)"[^>]*>/g, (_tag, name) => `<style>${read(name).trim()}</style>`);

/** Have the landing page stand in its file, in each language, and the names of pages in that of the dashboard. */
async function prerender() {
  await build({
    logLevel: "error",
    build: { ssr: "src/landing/ssr.tsx", outDir: "dist-ssr", emptyOutDir: true, manifest: false, rolldownOptions: { input: "src/landing/ssr.tsx" } },
  });
  const headings = {};
  const empty = inlined(read("index.html"));
  for (const language of LANGUAGES) {
    process.env.PAGE_LANGUAGE = language;
    // Another address is another module: it asks for the language as it is loaded.
    const { render, tab, description, headings: named } = await import(`${pathToFileURL("dist-ssr/ssr.js").href}?${language}`);
    headings[language] = named;
    const html = empty
      .replace('<html lang="en">', `<html lang="${language}">`)
      .replace(/<title>[^<]*/, () => `<title>${tab}`)
      .replace(/(<meta name="description" content=")[^"]*/, (_tag, start) => start + description)
      .replace('<div id="root"></div>', () => `<div id="root">${render()}</div>`);
    write(language === "en" ? "index.html" : `index.${language}.html`, html);
  }
  rmSync("dist-ssr", { recursive: true });
  write("app.html", inlined(read("app.html")).replace("/*headings*/ {}", JSON.stringify(headings)));
}
if (!naive) await prerender();

const hashes = (html, tag) =>
  [...html.matchAll(new RegExp(`<${tag}(?![^>]*\\ssrc=)[^>]*>([\\s\\S]*?)</${tag}>`, "g"))].map(
    ([, body]) => `sha256-${createHash("sha256").update(body).digest("base64")}`,
  );
const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
write("policy.json", JSON.stringify(Object.fromEntries(pages.map((name) => [name, { script: hashes(read(name), "script"), style: hashes(read(name), "style") }])), null, 1));

for (const name of readdirSync(folder, { recursive: true })) {
  if (!TEXT.test(name) || ["policy.json", "manifest.json"].includes(name)) continue;
  const body = readFileSync(join(folder, name));
  if (body.length < WORTH) continue;
  write(`${name}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }));
  write(`${name}.gz`, gzipSync(body, { level: 9 }));
}
