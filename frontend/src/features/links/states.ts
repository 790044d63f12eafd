import type { LinkOut } from "@/api/generated";

export type State = "blocked" | "disabled" | "archived" | "expired" | "used" | "scheduled" | "protected" | "rules" | "suspicious";

/** What is special about a link, the gravest first. */
export function states(link: LinkOut, now: Date = new Date()): State[] {
  const all: [State, boolean][] = [
    ["blocked", link.blocked],
    ["disabled", link.disabled],
    ["expired", link.expires_at !== null && new Date(link.expires_at) <= now],
    ["used", link.clicks_left === 0],
    ["scheduled", link.starts_at !== null && new Date(link.starts_at) > now],
    ["suspicious", link.warnings.length > 0],
    ["archived", link.archived],
    ["protected", link.protected],
    ["rules", link.rules.length + link.variants.length > 0],
  ];
  return all.filter(([, holds]) => holds).map(([state]) => state);
}
