import { X } from "lucide-react";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { dismiss, shown, subscribe } from "@/lib/toast";
import { components as text } from "@/text/components";
import { Button } from "./Button";
import { IconButton } from "./IconButton";

/** Shows what `toast` was told, above everything, dialogs included, and has it read aloud. */
export function Toasts() {
  const toasts = useSyncExternalStore(subscribe, shown, shown);
  const ref = useRef<HTMLElement>(null);
  // What is shown last in the top layer is above the dialogs in it.
  useEffect(() => {
    ref.current?.hidePopover();
    if (toasts.length) ref.current?.showPopover();
  }, [toasts]);
  return (
    <section ref={ref} popover="manual" aria-label={text.notifications} aria-live="polite" className="pointer-events-none fixed inset-auto inset-x-4 bottom-4 m-0 w-auto flex-col bg-transparent p-0 open:flex items-center gap-2 print:hidden">
      {toasts.map(({ id, message, kind, action }) => (
        <div key={id} className="bg-ink text-page pointer-events-auto flex w-full max-w-md items-center gap-2 rounded-xl py-2 pr-2 pl-4 shadow-xl" data-kind={kind}>
          <p className="min-w-0 flex-1 break-words">{message}</p>
          {action && (
            <Button
              size="small"
              look="quiet"
              className="hover:bg-page/15 underline underline-offset-4"
              onClick={() => {
                dismiss(id);
                action.run();
              }}
            >
              {action.label}
            </Button>
          )}
          <IconButton
            label={text.dismiss}
            className="text-page hover:bg-page/15 hover:text-page"
            onClick={() => {
              dismiss(id);
            }}
          >
            <X size={16} />
          </IconButton>
        </div>
      ))}
    </section>
  );
}
