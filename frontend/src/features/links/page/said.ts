import { dateTime } from "@/lib/format";
import { link as text } from "@/text/link";

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;

/** A value of the API as people read it. */
export function said(value: unknown): string {
  if (value === null || value === undefined || value === "") return text.history.empty;
  if (typeof value === "boolean") return value ? text.history.yes : text.history.no;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return MOMENT.test(value) ? dateTime(value) : value;
  if (Array.isArray(value)) return value.length ? value.map(said).join(", ") : text.history.empty;
  return Object.entries(value as Record<string, unknown>)
    .filter(([, part]) => part !== null)
    .map(([name, part]) => `${name}: ${Array.isArray(part) ? part.map(said).join(" · ") : said(part)}`)
    .join("; ");
}

const NAMES: Readonly<Record<string, string>> = text.fields;

export const fieldName = (field: string): string => NAMES[field] ?? field;
