import type { Plugin } from "vite";

const EMPTY = "\0without-fetch-adapter";

/** Leave out axios's second way to send, by fetch: browsers take its first, XMLHttpRequest, and never ask for it. */
export function withoutFetchAdapter(): Plugin {
  return {
    name: "without-fetch-adapter",
    apply: "build",
    enforce: "pre",
    resolveId: (source, importer) => (source === "./fetch.js" && importer?.includes("/axios/lib/adapters/") ? EMPTY : undefined),
    load: (id) => (id === EMPTY ? "export const getFetch = () => undefined; export default undefined;" : undefined),
  };
}
