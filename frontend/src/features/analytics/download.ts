import { instance } from "@/api/axios";
import type { Question } from "./api";

export type Format = "csv" | "json";
export type Extract = { what: "clicks" } | { what: "series"; interval: string; timezone: string } | { what: "breakdown"; dimension: string };

const NEXT = /<([^>]+)>;\s*rel="next"/;

/** Put the parts of a file together: CSV as they are, arrays of JSON as one. */
export function joined(parts: readonly string[], format: Format): string {
  if (format === "csv" || parts.length < 2) return parts.join("");
  return JSON.stringify(parts.flatMap((part) => JSON.parse(part) as unknown[]));
}

/** Fetch a table as a file, all parts of it where answers are bounded. */
export async function fetchFile({ of, from, to, filter }: Question, { what, ...more }: Extract, format: Format): Promise<string> {
  const parts: string[] = [];
  let asked: { url: string; params?: object } = { url: `/api/v1/stats/${what}/export`, params: { ...of, from, to, filter, ...more, format } };
  for (;;) {
    // As text, whatever it is: it is not looked at.
    const answer = await instance.get<string>(asked.url, { params: asked.params, paramsSerializer: { indexes: null }, responseType: "text", transformResponse: (body: string) => body, timeout: 0 });
    parts.push(answer.data);
    const next = NEXT.exec(String(answer.headers.link ?? ""))?.[1];
    if (!next) return joined(parts, format);
    asked = { url: next };
  }
}

/** Hand a file to the browser, as if it had been clicked. */
export function save(body: string, name: string, type: string): void {
  const href = URL.createObjectURL(new Blob([body], { type }));
  const link = Object.assign(document.createElement("a"), { href, download: name });
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(href);
  }, 60_000);
}
