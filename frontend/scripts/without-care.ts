import type { Plugin } from "vite";

/** Take out of the pages what stands in them so that it need not wait for their code: they are built to be compared with. */
export function withoutCare(): Plugin {
  return {
    name: "without-care",
    apply: "build",
    transformIndexHtml: { order: "pre", handler: (html) => html.replace(/\s*<(script|template)\b[^>]*\sdata-early>[\s\S]*?<\/\1>/g, "") },
  };
}
