import type { System } from "@/api/generated";

/** Seconds that something may wait before somebody should look: what is due is done within one, but for a while of trouble. */
const PATIENCE = 60;
/** Shares of what there is at most, above which it is time to think about more. */
const CROWDED = 0.8;

export type Part = "database" | "redis" | "clicks" | "webhooks" | "mail";

/** Whether each part of the system is as it should be: what does not answer, waits for long, is nearly full or was given up is not. */
export function health({ database, redis, clicks, webhooks, mail }: System): Readonly<Record<Part, boolean>> {
  return {
    database: database !== null && database.connections <= CROWDED * database.max_connections,
    redis: redis !== null && redis.persisted && redis.evicted === 0 && (redis.max_bytes === 0 || redis.bytes <= CROWDED * redis.max_bytes),
    clicks: clicks.entries !== null && clicks.spilled === 0 && clicks.dead_letters === 0 && clicks.oldest_seconds < PATIENCE,
    webhooks: webhooks !== null && webhooks.oldest_seconds < PATIENCE,
    mail: mail !== null && mail.failed === 0 && mail.oldest_seconds < PATIENCE,
  };
}
