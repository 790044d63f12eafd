import type { KeyMade } from "@/api/generated";
import { Button } from "@/components/Button";
import { CopyButton } from "@/components/CopyButton";
import { Dialog } from "@/components/Dialog";
import { keys as text } from "@/text/keys";
import { Secret } from "../Secret";

/** A key just made, which nobody can be shown again. */
export function MadeKey({ made, onClose }: { made: KeyMade; onClose: () => void }) {
  const call = `curl -H "Authorization: Bearer ${made.secret}" ${location.origin}/api/v1/auth/me`;
  return (
    <Dialog
      title={text.made}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {text.done}
        </Button>
      }
    >
      <Secret label={text.secret} copyLabel={text.copySecret} value={made.secret}>
        {text.madeHint}
      </Secret>
      <h3 className="mt-5 mb-1.5 font-medium">{text.tryIt}</h3>
      <div className="bg-raised flex items-center gap-2 rounded-lg py-1.5 pr-1.5 pl-3">
        <code className="min-w-0 flex-1 text-xs break-all">{call}</code>
        <CopyButton value={call} />
      </div>
    </Dialog>
  );
}
