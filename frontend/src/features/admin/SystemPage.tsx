import type { System } from "@/api/generated";
import { Failed } from "@/components/Failed";
import { Notice } from "@/components/Notice";
import { PageSkeleton } from "@/components/PageSkeleton";
import { ScrollBox } from "@/components/ScrollBox";
import { Time } from "@/components/Time";
import { bytes, number, percent } from "@/lib/format";
import { admin } from "@/text/admin";
import { useSystem } from "./api";
import { HealthCard } from "./HealthCard";
import { health } from "./health";

const text = admin.system;
const seconds = (value: number) => text.seconds(number(Math.round(value * 10) / 10));
const known = (value: number | null) => (value === null ? text.unknown : number(value));

/** How the installation is doing, looked at again and again. */
export function SystemPage() {
  const asked = useSystem();
  const system = asked.data;
  if (!system) return asked.error ? <Failed error={asked.error} reset={asked.refetch} /> : <PageSkeleton />;
  const good = health(system);
  const { database, redis, clicks, webhooks, mail, cache, counts } = system;
  return (
    <div className="space-y-5">
      <p className="text-muted">{text.lead}</p>
      {asked.error && <Failed error={asked.error} reset={asked.refetch} />}
      {system.away.length > 0 ? (
        <Notice kind="danger">{text.away(system.away.join(", "))}</Notice>
      ) : (
        Object.values(good).every(Boolean) && <Notice kind="good">{text.good}</Notice>
      )}
      <div className="grid gap-4 md:grid-cols-2 xl:grid-cols-3">
        <HealthCard
          title="Ginnel"
          facts={[[text.version, system.version], ...(system.up_since ? [[text.upSince, <Time key="up" at={system.up_since} />] as const] : [])]}
        />
        <HealthCard
          title={text.database}
          good={good.database}
          facts={
            database && [
              [text.version, database.version],
              [text.schema, database.schema_revision],
              [text.size, bytes(database.bytes)],
              [text.connections, text.of(number(database.connections), number(database.max_connections))],
            ]
          }
        />
        <HealthCard
          title={text.redis}
          good={good.redis}
          facts={
            redis && [
              [text.version, redis.version],
              [text.memory, redis.max_bytes ? text.of(bytes(redis.bytes), bytes(redis.max_bytes)) : bytes(redis.bytes)],
              [text.eviction, redis.eviction],
              [text.persistence, redis.persisted ? redis.persistence : text.persistedNot],
              [text.evicted, number(redis.evicted)],
            ]
          }
        />
        <HealthCard
          title={text.clicks}
          good={good.clicks}
          facts={[
            [text.waiting, known(clicks.entries)],
            [text.oldest, seconds(clicks.oldest_seconds)],
            [text.spilled, known(clicks.spilled)],
            [text.deadLetters, known(clicks.dead_letters)],
          ]}
        />
        <HealthCard title={text.webhooks} good={good.webhooks} facts={webhooks && [[text.due, number(webhooks.due)], [text.oldest, seconds(webhooks.oldest_seconds)]]} />
        <HealthCard
          title={text.mail}
          good={good.mail}
          facts={
            mail && [
              [text.due, number(mail.due)],
              [text.waiting, number(mail.waiting)],
              [text.oldest, seconds(mail.oldest_seconds)],
              [text.failed, number(mail.failed)],
            ]
          }
        />
        <HealthCard
          title={text.cache}
          facts={cache && [[text.visits, number(cache.visits)], [text.hitRate, cache.hit_rate === null ? text.unknown : percent(cache.hit_rate)]]}
        />
        <HealthCard
          title={text.counts}
          facts={
            counts && [
              [text.accounts, number(counts.users)],
              [text.workspaces, number(counts.workspaces)],
              [text.links, text.perhaps(number(counts.links))],
              [text.clicksStored, text.perhaps(number(counts.clicks))],
            ]
          }
        />
      </div>
      {database && <Tables items={database.tables} />}
    </div>
  );
}

function Tables({ items }: { items: NonNullable<System["database"]>["tables"] }) {
  return (
    <div>
      <h2 className="mb-2 text-base font-semibold">{text.tables}</h2>
      <ScrollBox label={text.tables}>
        <table className="w-full text-left">
          <thead className="text-muted border-line border-b text-xs">
            <tr>
              <th scope="col" className="px-4 py-2.5 font-medium">
                {text.table}
              </th>
              <th scope="col" className="px-4 py-2.5 text-right font-medium">
                {text.rows}
              </th>
              <th scope="col" className="px-4 py-2.5 text-right font-medium">
                {text.size}
              </th>
            </tr>
          </thead>
          <tbody className="divide-line divide-y tabular-nums">
            {items.slice(0, 12).map((table) => (
              <tr key={table.name}>
                <td className="px-4 py-2">
                  <code>{table.name}</code>
                </td>
                <td className="px-4 py-2 text-right">{number(table.rows)}</td>
                <td className="px-4 py-2 text-right whitespace-nowrap">{bytes(table.bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </div>
  );
}
