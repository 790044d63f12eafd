export const PARTS = ["source", "medium", "campaign", "term", "content"] as const;
export type Part = (typeof PARTS)[number];

/** The query of an address between its path and its fragment, by pairs as they are written. */
function cut(target: string): { before: string; pairs: string[]; after: string } {
  const [whole = "", ...fragment] = target.split("#");
  const [before = "", ...query] = whole.split("?");
  return { before, pairs: query.join("?").split("&").filter(Boolean), after: fragment.length ? `#${fragment.join("#")}` : "" };
}

const named = (pair: string, part: Part) => pair.split("=")[0] === `utm_${part}`;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

export function utm(target: string, part: Part): string {
  const found = cut(target).pairs.find((pair) => named(pair, part));
  return found === undefined ? "" : decoded(found.slice(found.indexOf("=") + 1));
}

/** Set one in place, and leave everything else as it is written; an empty one goes. */
export function withUtm(target: string, part: Part, value: string): string {
  const { before, pairs, after } = cut(target);
  const pair = `utm_${part}=${encodeURIComponent(value)}`;
  const at = pairs.findIndex((other) => named(other, part));
  const others = pairs.filter((other) => !named(other, part));
  const next = value ? [...others.slice(0, at === -1 ? others.length : at), pair, ...others.slice(at === -1 ? others.length : at)] : others;
  return `${before}${next.length ? `?${next.join("&")}` : ""}${after}`;
}
