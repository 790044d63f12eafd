import { country, languageName } from "@/lib/format";
import { analytics as text } from "@/text/analytics";
import type { Dimension } from "./dimensions";

const NONE: Partial<Record<Dimension, string>> = {
  source: text.value.direct,
  channel: text.value.direct,
  referrer_host: text.value.direct,
  country: text.value.unknown,
  region: text.value.unknown,
  city: text.value.unknown,
  continent: text.value.unknown,
  device: text.value.unknown,
  os: text.value.unknown,
  browser: text.value.unknown,
  language: text.value.unknown,
  qr: text.value.byLink,
  bot: text.value.noBot,
  variant: text.value.mainTarget,
};
const WORDS: Partial<Record<Dimension, Readonly<Record<string, string>>>> = {
  channel: text.value.channel,
  device: text.value.device,
  continent: text.value.continent,
  qr: { true: text.value.byQr },
};

export interface Name {
  readonly name: string;
  /** The country that a place is in, where it is not one itself. */
  readonly within?: string;
}

/** What people call a dimension's value; an empty one is to have none. */
export function nameOf(dimension: Dimension, value: string): Name {
  if (value === "") return { name: NONE[dimension] ?? text.value.none };
  if (dimension === "country") return { name: country(value) };
  if (dimension === "language") return { name: languageName(value) };
  const [, code, place] = (dimension === "city" ? /^([A-Z]{2})\/([^]+)$/ : dimension === "region" ? /^([A-Z]{2})-([^]+)$/ : undefined)?.exec(value) ?? [];
  if (code && place) return { name: dimension === "city" ? place : value, within: country(code) };
  return { name: WORDS[dimension]?.[value] ?? value };
}

/** A filter in words: "Country is Germany". */
export function spokenFilter({ dimension, value, negated }: { dimension: Dimension; value: string; negated: boolean }): string {
  return `${text.dimension[dimension]} ${negated ? text.filter.isNot : text.filter.is} ${nameOf(dimension, value).name}`;
}
