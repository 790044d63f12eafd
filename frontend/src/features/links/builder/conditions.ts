import type { Rule } from "@/api/generated";

type Condition = Rule["conditions"][number];
export type Kind = Condition["type"];

export const KINDS = ["device", "os", "browser", "country", "region", "city", "continent", "language", "query", "referrer", "address", "hours", "days", "dates"] as const satisfies readonly Kind[];
export const DEVICES = ["desktop", "mobile", "tablet", "tv", "console", "other", "ios", "android"] as const;
export const CONTINENTS = ["AF", "AN", "AS", "EU", "NA", "OC", "SA"] as const;
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** A condition as a form has it: the inputs of all kinds, so that choosing another kind loses nothing. */
export interface ConditionFields {
  type: Kind;
  /** Of the kinds that are chosen from few. */
  values: string[];
  /** Of the kinds that are written, with commas between. */
  text: string;
  name: string;
  from: string;
  until: string;
  timezone: string;
}

export interface RuleFields {
  target: string;
  name: string;
  conditions: ConditionFields[];
}

export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

export const blankCondition = (): ConditionFields => ({ type: "device", values: [], text: "", name: "", from: "", until: "", timezone: zone });
export const blankRule = (): RuleFields => ({ target: "", name: "", conditions: [blankCondition()] });

/** A moment as `datetime-local` wants it, in the zone of this browser. */
export function localTime(moment: string | null | undefined): string {
  if (!moment) return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const moment = (local: string): string | null => (local ? new Date(local).toISOString() : null);

const listed = (text: string) => text.split(/[,;\n]/).map((part) => part.trim()).filter(Boolean);
const among = <T extends string>(values: readonly string[], known: readonly T[]) => known.filter((one) => values.includes(one));

/** What is sent for it; the API says what is wrong with it. */
export function condition({ type, values, text, name, from, until, timezone }: ConditionFields): Condition {
  switch (type) {
    case "device":
      return { type, values: among(values, DEVICES) };
    case "continent":
      return { type, values: among(values, CONTINENTS) };
    case "days":
      return { type, values: among(values, DAYS), timezone };
    case "hours":
      return { type, from, until, timezone };
    case "dates":
      return { type, from: moment(from), until: moment(until) };
    case "query":
      return { type, name: name.trim(), values: listed(text).length ? listed(text) : null };
    default:
      return { type, values: listed(text) };
  }
}

const written = (value: unknown): string => (typeof value === "string" ? value : "");
const several = (value: unknown): string[] => (Array.isArray(value) ? value.map(written).filter(Boolean) : []);

/** The form's fields of a condition that the API gave. */
export function conditionFields(given: Readonly<Record<string, unknown>>): ConditionFields {
  const type = KINDS.find((kind) => kind === given.type) ?? "device";
  const values = several(given.values);
  const time = type === "dates" ? localTime : (value: string) => value;
  return {
    type,
    values,
    text: values.join(", "),
    name: written(given.name),
    from: time(written(given.from)),
    until: time(written(given.until)),
    timezone: written(given.timezone) || zone,
  };
}

export function ruleFields(given: Readonly<Record<string, unknown>>): RuleFields {
  const conditions = Array.isArray(given.conditions) ? (given.conditions as Record<string, unknown>[]) : [];
  return { target: written(given.target), name: written(given.name), conditions: conditions.map(conditionFields) };
}

export const rule = ({ target, name, conditions }: RuleFields): Rule => ({ target: target.trim(), name: name.trim() || null, conditions: conditions.map(condition) });
