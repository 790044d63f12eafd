import { renderToString } from "react-dom/server";
import { landing as text } from "@/text/landing";
import { shell } from "@/text/shell";
import { Landing } from "./Landing";

/** The landing page in the language of PAGE_LANGUAGE, for `scripts/finish.mjs`. */
export const { tab, description } = text;
export const render = (): string => renderToString(<Landing />);

/** What the pages of the dashboard are called, by the part of their address after /app/: app.html shows it before their code is there. */
export const headings = {
  links: shell.links,
  analytics: shell.analytics,
  orphans: shell.orphans,
  tags: shell.tags,
  domains: shell.domains,
  data: shell.data,
  keys: shell.keys,
  webhooks: shell.webhooks,
  members: shell.members,
  settings: shell.settings,
  account: shell.account,
};
