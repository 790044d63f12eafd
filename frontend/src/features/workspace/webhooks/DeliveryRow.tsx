import { useMutation } from "@tanstack/react-query";
import { type DeliveryOut, postWebhooksByWebhookIdDeliveriesByDeliveryIdRedeliver } from "@/api/generated";
import { problem } from "@/api/errors";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Time } from "@/components/Time";
import { number } from "@/lib/format";
import { toast } from "@/lib/toast";
import { webhooks as text } from "@/text/webhooks";
import { useAnew } from "./api";

const KINDS = { pending: "plain", delivered: "good", failed: "danger" } as const;

function Part({ title, children }: { title: string; children: string }) {
  return (
    <div>
      <h4 className="text-muted mb-1 text-xs font-medium">{title}</h4>
      <pre className="bg-raised max-h-72 overflow-y-auto rounded-lg p-3 text-xs break-all whitespace-pre-wrap">{children}</pre>
    </div>
  );
}

/** One thing that was sent: what came of it, and beneath that what was in it. */
export function DeliveryRow({ item, webhook, may }: { item: DeliveryOut; webhook: number; may: boolean }) {
  const anew = useAnew();
  const again = useMutation({
    mutationFn: async () => {
      await postWebhooksByWebhookIdDeliveriesByDeliveryIdRedeliver({ path: { webhook_id: webhook, delivery_id: item.id } });
      await anew(webhook);
    },
    onSuccess: () => toast(text.redelivered),
    onError: (error) => toast(problem(error).message, { kind: "danger" }),
  });
  return (
    <li className="p-4">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <p className="flex min-w-0 flex-1 basis-64 flex-wrap items-center gap-x-3 gap-y-1">
          <Badge kind={KINDS[item.state]}>{text.delivery[item.state]}</Badge>
          <code className="font-medium">{item.type}</code>
          <span className="text-muted text-xs">
            <Time at={item.created_at} /> · {text.attempts(item.attempts)}
            {item.status !== null && <> · {text.answered(item.status)}</>}
            {item.took_ms !== null && <> · {text.took(number(item.took_ms))}</>}
          </span>
        </p>
        {may && item.state !== "pending" && (
          <Button
            size="small"
            busy={again.isPending}
            onClick={() => {
              again.mutate();
            }}
          >
            {text.redeliver}
          </Button>
        )}
      </div>
      {item.state === "pending" && item.attempts > 0 && item.next_attempt_at && (
        <p className="text-muted mt-1 text-xs">
          {text.next}: <Time at={item.next_attempt_at} />
        </p>
      )}
      {item.error && item.state !== "delivered" && <p className="text-danger mt-1 text-xs break-words">{item.error}</p>}
      <details className="mt-2">
        <summary className="text-muted text-xs">{text.more}</summary>
        <div className="mt-2 space-y-3">
          <Part title={text.payload}>{JSON.stringify(item.payload, null, 2)}</Part>
          {item.response && <Part title={text.response}>{item.response}</Part>}
        </div>
      </details>
    </li>
  );
}
