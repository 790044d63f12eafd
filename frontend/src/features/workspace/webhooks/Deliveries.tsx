import { Send } from "lucide-react";
import { Empty } from "@/components/Empty";
import { Listing } from "@/components/Listing";
import { webhooks as text } from "@/text/webhooks";
import { useDeliveries } from "./api";
import { DeliveryRow } from "./DeliveryRow";

/** What was sent to a webhook; the failed ones alone are looked for among what has been loaded. */
export function Deliveries({ webhook, may, failed, onFailed }: { webhook: number; may: boolean; failed: boolean; onFailed: (only: boolean) => void }) {
  const list = useDeliveries(webhook);
  const all = list.data?.pages.flatMap((page) => page.items);
  return (
    <section aria-labelledby="deliveries">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-3">
        <div>
          <h2 id="deliveries" className="text-base font-semibold">
            {text.deliveries}
          </h2>
          <p className="text-muted">{text.deliveriesHint}</p>
        </div>
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            className="accent-accent size-4"
            checked={failed}
            onChange={(event) => {
              onFailed(event.target.checked);
            }}
          />
          {text.onlyFailed}
        </label>
      </div>
      <Listing
        query={list}
        items={failed ? all?.filter(({ state, attempts }) => state === "failed" || (state === "pending" && attempts > 0)) : all}
        empty={
          <Empty title={text.noDeliveries} icon={<Send aria-hidden size={28} />}>
            {text.noDeliveriesHint}
          </Empty>
        }
        onClear={
          failed
            ? () => {
                onFailed(false);
              }
            : undefined
        }
      >
        {(items) => (
          <ul className="card divide-line divide-y">
            {items.map((item) => (
              <DeliveryRow key={item.id} item={item} webhook={webhook} may={may} />
            ))}
          </ul>
        )}
      </Listing>
    </section>
  );
}
