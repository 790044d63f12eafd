import type { LinkDefaults, LinkDraftWritable, LinkOut } from "@/api/generated";
import type { LinkFields } from "@/features/links/api";
import { address } from "@/features/links/target";
import { localTime, moment, rule, ruleFields, type RuleFields } from "./conditions";

export interface VariantFields {
  target: string;
  name: string;
  weight: string;
}

/** A link as the form has it: what is empty is an empty text. */
export interface Fields {
  target: string;
  slug: string;
  domain: string;
  title: string;
  description: string;
  image: string;
  tags: string[];
  redirectStatus: string;
  allowCaching: boolean;
  forwardQuery: boolean;
  forwardPath: boolean;
  startsAt: string;
  expiresAt: string;
  expiredTarget: string;
  maxClicks: string;
  password: string;
  removePassword: boolean;
  disabled: boolean;
  rules: RuleFields[];
  variants: VariantFields[];
}

export const BLANK: Fields = {
  target: "",
  slug: "",
  domain: "",
  title: "",
  description: "",
  image: "",
  tags: [],
  redirectStatus: "302",
  allowCaching: false,
  forwardQuery: true,
  forwardPath: false,
  startsAt: "",
  expiresAt: "",
  expiredTarget: "",
  maxClicks: "",
  password: "",
  removePassword: false,
  disabled: false,
  rules: [],
  variants: [],
};

/** What a new link is before anything is said of it: as the workspace has its links. */
export function blank(defaults: LinkDefaults | undefined, now: Date = new Date()): Fields {
  if (!defaults) return BLANK;
  const days = defaults.expires_after_days;
  return {
    ...BLANK,
    tags: defaults.tags ?? BLANK.tags,
    redirectStatus: String(defaults.redirect_status ?? BLANK.redirectStatus),
    allowCaching: defaults.allow_caching ?? BLANK.allowCaching,
    forwardQuery: defaults.forward_query ?? BLANK.forwardQuery,
    forwardPath: defaults.forward_path ?? BLANK.forwardPath,
    expiresAt: days ? localTime(new Date(now.getTime() + days * 86_400_000).toISOString()) : "",
  };
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

export function fieldsOf(link: LinkOut): Fields {
  return {
    target: link.target,
    slug: link.slug,
    domain: "",
    title: link.title ?? "",
    description: link.description ?? "",
    image: link.image ?? "",
    tags: link.tags,
    redirectStatus: String(link.redirect_status),
    allowCaching: link.allow_caching,
    forwardQuery: link.forward_query,
    forwardPath: link.forward_path,
    startsAt: localTime(link.starts_at),
    expiresAt: localTime(link.expires_at),
    expiredTarget: link.expired_target ?? "",
    maxClicks: link.max_clicks === null ? "" : String(link.max_clicks),
    password: "",
    removePassword: false,
    disabled: link.disabled,
    rules: link.rules.map(ruleFields),
    variants: link.variants.map(({ target, name, weight }) => ({ target: text(target), name: text(name), weight: String(weight) })),
  };
}

const STATUSES = [301, 302, 307, 308] as const;

/** The API's fields of all that the form says, but for the password, which no link tells. */
function said(fields: Fields): Omit<Required<LinkFields>, "password" | "archived"> {
  return {
    target: address(fields.target) ?? fields.target.trim(),
    slug: fields.slug.trim(),
    title: fields.title.trim() || null,
    description: fields.description.trim() || null,
    image: fields.image.trim() || null,
    tags: fields.tags,
    redirect_status: STATUSES.find((status) => String(status) === fields.redirectStatus) ?? 302,
    allow_caching: fields.allowCaching,
    forward_query: fields.forwardQuery,
    forward_path: fields.forwardPath,
    starts_at: moment(fields.startsAt),
    expires_at: moment(fields.expiresAt),
    expired_target: fields.expiredTarget.trim() || null,
    max_clicks: fields.maxClicks.trim() ? Number(fields.maxClicks) : null,
    disabled: fields.disabled,
    rules: fields.rules.map(rule),
    variants: fields.variants.map(({ target, name, weight }) => ({ target: target.trim(), name: name.trim() || null, weight: Number(weight) })),
  };
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** What is to be changed: only that, so that what others change meanwhile stays. */
export function changes(fields: Fields, base: Fields): LinkFields {
  const before: Readonly<Record<string, unknown>> = said(base);
  const changed: LinkFields = Object.fromEntries(Object.entries(said(fields)).filter(([name, value]) => !same(value, before[name])));
  if (fields.password) changed.password = fields.password;
  else if (fields.removePassword) changed.password = null;
  return changed;
}

/** A new link: what the form leaves as it was, the workspace's defaults decide. */
export function drafted(fields: Fields, base: Fields, pageTitle: string | null | undefined): LinkDraftWritable {
  const draft: LinkDraftWritable = { ...changes(fields, base), target: said(fields).target };
  if (fields.domain) draft.domain = fields.domain;
  if (!draft.title && pageTitle) draft.title = pageTitle.slice(0, 256);
  return draft;
}

/** Put what somebody changed onto what the link is now. */
export function rebase(mine: Fields, base: Fields, now: Fields): Fields {
  return Object.fromEntries(Object.entries(now).map(([name, value]) => [name, same(mine[name as keyof Fields], base[name as keyof Fields]) ? value : mine[name as keyof Fields]])) as unknown as Fields;
}
