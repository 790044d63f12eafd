import type { Plugin } from "vite";

/** Which page's code is wanted at which address, by the file of its route. */
const PAGES: readonly (readonly [string, string])[] = [
  ["^/app/sign-in", "src/routes/sign-in"],
  ["^/app/register", "src/routes/register"],
  ["^/app/shared/", "src/routes/shared"],
  ["^/app(?!/(sign-in|register|forgot|reset|verify|email|invitation|shared)\\b)", "src/routes/_in.tsx"],
  ["^/app(/|/links/?)?$", "src/routes/_in/links.index"],
  ["^/app/links/new", "src/routes/_in/links.new"],
  ["^/app/links/\\d+", "src/routes/_in/links.$linkId"],
  ["^/app/analytics", "src/routes/_in/analytics"],
];

/**
 * Fill the place of app.html's inline script with the table of files by address: a page's code is asked for along with the entry
 * then, rather than after it has run.
 */
export function routePreload(): Plugin {
  return {
    name: "route-preload",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
        const within = (file: string, seen: Set<string>): Set<string> => {
          const chunk = bundle[file];
          if (chunk?.type !== "chunk" || seen.has(file)) return seen;
          seen.add(file);
          for (const next of chunk.imports) within(next, seen);
          return seen;
        };
        const entry = chunks.find((chunk) => chunk.isEntry && chunk.name === "app");
        const already = within(entry?.fileName ?? "", new Set());
        const table = PAGES.map(([address, route]) => {
          const files = new Set<string>();
          for (const chunk of chunks) if (chunk.isDynamicEntry && chunk.moduleIds.some((id) => id.includes(`/${route}`))) within(chunk.fileName, files);
          return [address, [...files].filter((file) => !already.has(file)).map((file) => `/${file}`)];
        });
        const html = bundle["app.html"];
        if (html?.type === "asset") html.source = String(html.source).replace("/*files*/ []", JSON.stringify(table));
      },
    },
  };
}
