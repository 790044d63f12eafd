import { CircleCheck, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { admin } from "@/text/admin";

/** A part of the system: whether it is well, and its figures; `facts` is null where it did not answer. */
export function HealthCard({ title, good, facts }: { title: string; good?: boolean; facts: readonly (readonly [string, ReactNode])[] | null }) {
  return (
    <section aria-label={title} className="card p-4">
      <h2 className="mb-3 flex items-center justify-between gap-2 text-base font-semibold">
        {title}
        {good !== undefined && (
          <span className={`flex items-center gap-1.5 text-xs font-medium ${good ? "text-good" : "text-warn"}`}>
            {good ? <CircleCheck aria-hidden size={16} /> : <TriangleAlert aria-hidden size={16} />}
            {good ? admin.system.well : admin.system.look}
          </span>
        )}
      </h2>
      {facts === null ? (
        <p className="text-muted">{admin.system.noAnswer}</p>
      ) : (
        <dl className="space-y-1.5">
          {facts.map(([name, value]) => (
            <div key={name} className="flex items-baseline justify-between gap-4">
              <dt className="text-muted">{name}</dt>
              <dd className="min-w-0 text-right font-medium break-words tabular-nums">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}
