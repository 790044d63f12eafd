import type { WorkspaceOut } from "@/api/generated";
import type { Change } from "./api";

export type Choice = "" | "yes" | "no";
const choice = (value: boolean | null | undefined): Choice => (value === true ? "yes" : value === false ? "no" : "");
const chosen = (value: Choice): boolean | null => (value === "" ? null : value === "yes");
const whole = (value: string): number | null => (value.trim() === "" ? null : Number(value));

/** The settings as the form has them: empty is the installation's own, or no end. */
export interface Values {
  name: string;
  default_domain: string;
  retention_days: string;
  require_second_factor: boolean;
  redirect_status: string;
  allow_caching: Choice;
  forward_query: Choice;
  forward_path: Choice;
  tags: string;
  expires_after_days: string;
}

export function values({ link_defaults: links, ...workspace }: WorkspaceOut): Values {
  return {
    name: workspace.name,
    default_domain: workspace.default_domain ?? "",
    retention_days: String(workspace.retention_days ?? ""),
    require_second_factor: workspace.require_second_factor,
    redirect_status: String(links.redirect_status ?? ""),
    allow_caching: choice(links.allow_caching),
    forward_query: choice(links.forward_query),
    forward_path: choice(links.forward_path),
    tags: (links.tags ?? []).join(", "),
    expires_after_days: String(links.expires_after_days ?? ""),
  };
}

/** What to send for the fields that were changed. */
export function change(said: Values, changed: ReadonlySet<keyof Values>): Change {
  const tags = said.tags
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
  const defaults: (keyof Values)[] = ["redirect_status", "allow_caching", "forward_query", "forward_path", "tags", "expires_after_days"];
  return {
    ...(changed.has("name") && { name: said.name.trim() }),
    ...(changed.has("default_domain") && { default_domain: said.default_domain || null }),
    ...(changed.has("retention_days") && { retention_days: whole(said.retention_days) }),
    ...(changed.has("require_second_factor") && { require_second_factor: said.require_second_factor }),
    // All of them or none: one that is left out is the installation's own again.
    ...(defaults.some((field) => changed.has(field)) && {
      link_defaults: {
        redirect_status: whole(said.redirect_status) as 301 | 302 | 307 | 308 | null,
        allow_caching: chosen(said.allow_caching),
        forward_query: chosen(said.forward_query),
        forward_path: chosen(said.forward_path),
        tags: tags.length ? tags : null,
        expires_after_days: whole(said.expires_after_days),
      },
    }),
  };
}

/** Whether a field holds a whole number up to `most`, or nothing. */
export const isDays = (value: string, most: number): boolean => /^\s*(\d{1,5})?\s*$/.test(value) && (value.trim() === "" || (Number(value) >= 1 && Number(value) <= most));
