import type { WebhookOut } from "@/api/generated";
import { Badge } from "@/components/Badge";
import { webhooks as text } from "@/text/webhooks";

/** Whether a webhook is called, and whether it has answered of late. */
export function State({ item }: { item: WebhookOut }) {
  if (item.disabled) return <Badge kind="danger">{text.state.off}</Badge>;
  if (item.failures > 0) return <Badge kind="warn">{text.state.failing(item.failures)}</Badge>;
  return <Badge kind="good">{text.state.on}</Badge>;
}
