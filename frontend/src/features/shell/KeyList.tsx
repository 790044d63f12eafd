import { Dialog } from "@/components/Dialog";
import { Key } from "@/components/Key";
import { printed, useActiveKeys } from "@/lib/keys";
import { shell as text } from "@/text/shell";

/** Which keys do something on this page. */
export function KeyList({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={text.keyboard} width="small" onClose={onClose}>
      <dl className="space-y-2">
        {useActiveKeys().map(({ keys, label }) => (
          <div key={`${keys} ${label ?? ""}`} className="flex items-center justify-between gap-4">
            <dt>{label}</dt>
            <dd>
              <Key>{printed(keys)}</Key>
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
