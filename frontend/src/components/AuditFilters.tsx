import type { ReactNode } from "react";
import { audit as text } from "@/text/audit";
import { actionWords } from "./AuditTable";
import { SelectField } from "./SelectField";
import { TextField } from "./TextField";

export interface Period {
  action?: string | undefined;
  /** Days (YYYY-MM-DD) of the person's own calendar; both are within. */
  from?: string | undefined;
  to?: string | undefined;
}

/** The moments that the days begin and end at where the person is, as the API's `from` and `to` (not within) want them. */
export function moments({ from, to }: Period): { from?: string; to?: string } {
  const begin = from ? new Date(`${from}T00:00:00`) : undefined;
  const end = to ? new Date(`${to}T00:00:00`) : undefined;
  end?.setDate(end.getDate() + 1);
  return { ...(begin && { from: begin.toISOString() }), ...(end && { to: end.toISOString() }) };
}

const ACTIONS = Object.keys(text.said).sort((one, other) => actionWords(one).localeCompare(actionWords(other)));

/** Narrows an audit log by what was done and when; `children` are further filters. */
export function AuditFilters({ value, onChange, children }: { value: Period; onChange: (changed: Period) => void; children?: ReactNode }) {
  return (
    <div className="mb-4 grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
      <SelectField
        label={text.action}
        value={value.action ?? ""}
        onChange={(event) => {
          onChange({ action: event.target.value || undefined });
        }}
      >
        <option value="">{text.anyAction}</option>
        {ACTIONS.map((action) => (
          <option key={action} value={action}>
            {actionWords(action)}
          </option>
        ))}
      </SelectField>
      {children}
      <TextField
        type="date"
        label={text.from}
        max={value.to}
        value={value.from ?? ""}
        onChange={(event) => {
          onChange({ from: event.target.value || undefined });
        }}
      />
      <TextField
        type="date"
        label={text.to}
        min={value.from}
        value={value.to ?? ""}
        onChange={(event) => {
          onChange({ to: event.target.value || undefined });
        }}
      />
    </div>
  );
}
