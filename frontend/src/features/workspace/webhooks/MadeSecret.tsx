import { Button } from "@/components/Button";
import { Dialog } from "@/components/Dialog";
import { webhooks as text } from "@/text/webhooks";
import { Secret } from "../Secret";

/** The secret of a webhook that was just made, or given another. */
export function MadeSecret({ value, onClose }: { value: string; onClose: () => void }) {
  return (
    <Dialog
      title={text.secretTitle}
      onClose={onClose}
      footer={
        <Button look="primary" onClick={onClose}>
          {text.done}
        </Button>
      }
    >
      <Secret label={text.secret} copyLabel={text.copySecret} value={value}>
        {text.secretHint}
      </Secret>
    </Dialog>
  );
}
