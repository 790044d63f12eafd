// What is left after Vite: hashes of the inlined parts for the Content-Security-Policy, and files compressed once for all.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [folder = "dist"] = process.argv.slice(2);
const TEXT = /\.(html|js|css|svg|json|txt)$/;
const WORTH = 600; // bytes; less fits into one packet anyway

const hashes = (html, tag) =>
  [...html.matchAll(new RegExp(`<${tag}(?![^>]*\\ssrc=)[^>]*>([\\s\\S]*?)</${tag}>`, "g"))].map(
    ([, body]) => `sha256-${createHash("sha256").update(body).digest("base64")}`,
  );

const pages = readdirSync(folder).filter((name) => name.endsWith(".html"));
const policy = Object.fromEntries(
  pages.map((name) => {
    const html = readFileSync(join(folder, name), "utf8");
    return [name, { script: hashes(html, "script"), style: hashes(html, "style") }];
  }),
);
writeFileSync(join(folder, "policy.json"), JSON.stringify(policy, null, 1));

for (const name of readdirSync(folder, { recursive: true })) {
  if (!TEXT.test(name) || name === "policy.json") continue;
  const path = join(folder, name);
  const body = readFileSync(path);
  if (body.length < WORTH) continue;
  writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }));
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
}
