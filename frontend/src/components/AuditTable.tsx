import { dateTime } from "@/lib/format";
import { audit as text } from "@/text/audit";
import { ScrollBox } from "./ScrollBox";

export interface AuditEntry {
  id: number;
  at: string;
  action: string;
  subject: string;
  /** The id of who did it; null where nobody did who was signed in. */
  user: number | null;
  /** How they are called, as far as that is known. */
  who: string | null;
  details: Readonly<Record<string, unknown>>;
}

const WORDS: Readonly<Record<string, string>> = text.said;

/** An action in words; one that this version has no words for as the API names it. */
export const actionWords = (action: string): string => WORDS[action] ?? action.replaceAll("_", " ");

const told = (details: AuditEntry["details"]) =>
  Object.entries(details)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");

/** Entries of an audit log, that of a workspace or that of the installation. */
export function AuditTable({ items }: { items: readonly AuditEntry[] }) {
  return (
    <ScrollBox label={text.title}>
      <table className="w-full min-w-[44rem] text-left">
        <thead className="text-muted border-line border-b text-xs">
          <tr>
            {[text.when, text.who, text.action, text.subject, text.details].map((head) => (
              <th key={head} scope="col" className="px-4 py-2.5 font-medium">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-line divide-y">
          {items.map((item) => (
            <tr key={item.id} className="align-top">
              <td className="px-4 py-2.5 whitespace-nowrap">
                <time dateTime={item.at}>{dateTime(item.at)}</time>
              </td>
              <td className="max-w-48 px-4 py-2.5 break-words">{item.who ?? (item.user === null ? text.nobody : text.gone)}</td>
              <td className="px-4 py-2.5 font-medium">{actionWords(item.action)}</td>
              <td className="px-4 py-2.5">
                <code className="text-xs">{item.subject}</code>
              </td>
              <td className="text-muted max-w-72 px-4 py-2.5 text-xs break-words">{told(item.details)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  );
}
