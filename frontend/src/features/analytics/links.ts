import type { Share } from "@/api/generated";
import { analytics as text } from "@/text/analytics";

/** A link, and how often it was followed. */
export type Followed = Share & { value: string };

/** Links that people followed; those that only bots did are no bars. */
export const followed = (items: readonly Share[]): readonly Followed[] => items.filter((item): item is Followed => item.value !== null && item.clicks > 0);

/** What a link is called: its short address. That of a deleted one may belong to another by now, and is not known then. */
export function nameOfLink({ value, link }: Followed): { name: string; title: string | null; deleted: boolean } {
  if (!link) return { name: text.links.numbered(value), title: null, deleted: true };
  return { name: link.short_url.replace(/^https?:\/\//, ""), title: link.title, deleted: link.deleted };
}
