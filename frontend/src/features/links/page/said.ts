import { dateTime } from "@/lib/format";
import { builder } from "@/text/builder";
import { link as text } from "@/text/link";

const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;

/** A value of the API as people read it. */
export function said(value: unknown): string {
  if (value === null || value === undefined || value === "") return text.history.empty;
  if (typeof value === "boolean") return value ? text.history.yes : text.history.no;
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return MOMENT.test(value) ? dateTime(value) : value;
  if (Array.isArray(value)) return value.length ? value.map(said).join(", ") : text.history.empty;
  const { type, conditions, target, ...rest } = value as Record<string, unknown>;
  const parts = Object.entries(rest).filter(([, part]) => part !== null);
  if (typeof type === "string") return `${KINDS[type] ?? type}: ${parts.map(([, part]) => said(part)).join(" ")}`;
  const who = Array.isArray(conditions) ? conditions.map(said).join(" + ") : parts.map(([name, part]) => `${fieldName(name)}: ${said(part)}`).join("; ");
  return target === undefined ? who : `${who} → ${said(target)}`;
}

const KINDS: Readonly<Record<string, string>> = builder.kinds;
const NAMES: Readonly<Record<string, string>> = text.fields;

export const fieldName = (field: string): string => NAMES[field] ?? field;
