import { type ReactNode, useState } from "react";
import { problem } from "@/api/errors";
import { components as text } from "@/text/components";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Notice } from "./Notice";

/** Ask before something that can't be taken back. It closes when that is done, and says what kept it from being done. */
export function Confirm({
  title,
  action,
  danger = true,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  action: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  async function confirm() {
    setBusy(true);
    setFailed("");
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailed(problem(error).message);
      setBusy(false);
    }
  }
  return (
    <Dialog
      title={title}
      width="small"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          <Button look={danger ? "danger" : "primary"} busy={busy} onClick={confirm}>
            {action}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        {children}
        {failed && <Notice kind="danger">{failed}</Notice>}
      </div>
    </Dialog>
  );
}
