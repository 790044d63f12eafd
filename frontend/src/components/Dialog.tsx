import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { components as text } from "@/text/components";
import { IconButton } from "./IconButton";

const WIDTHS = { small: "max-w-md", normal: "max-w-xl", large: "max-w-4xl" } as const;

/**
 * The browser's own dialog: it keeps the focus, closes by Escape and gives the focus back.
 * It is shown while it is mounted: `{open && <Dialog …/>}`.
 */
export function Dialog({
  title,
  width = "normal",
  onClose,
  children,
  footer,
}: {
  title: ReactNode;
  width?: keyof typeof WIDTHS;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    // A click on the backdrop is one on the dialog itself; the keyboard has Escape for it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions, jsx-a11y/click-events-have-key-events
    <dialog
      ref={ref}
      aria-labelledby={id}
      className={`bg-card border-line max-h-[calc(100dvh-2rem)] w-[calc(100%-2rem)] rounded-2xl border p-0 shadow-2xl backdrop:bg-black/50 ${WIDTHS[width]}`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="flex max-h-[calc(100dvh-2rem)] flex-col">
        <header className="border-line flex items-center justify-between gap-4 border-b py-2.5 pr-2.5 pl-5">
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          <IconButton label={text.close} onClick={onClose}>
            <X size={18} />
          </IconButton>
        </header>
        <div className="min-h-0 overflow-y-auto p-5">{children}</div>
        {footer && <footer className="border-line flex flex-wrap justify-end gap-2 border-t px-5 py-3">{footer}</footer>}
      </div>
    </dialog>
  );
}
