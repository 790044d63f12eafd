import { ago, dateTime } from "@/lib/format";

/** A moment as seen from now; the exact one on its tooltip. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={dateTime(at)}>
      {ago(at)}
    </time>
  );
}
