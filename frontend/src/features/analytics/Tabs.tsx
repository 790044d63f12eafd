import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

/** Tabs and the panel of the chosen one; keys as in the ARIA Authoring Practices' tabs. One alone is no choice. */
export function Tabs<T extends string>({ label, options, value, onChange, children }: { label: string; options: readonly { value: T; label: string }[]; value: T; onChange: (value: T) => void; children: ReactNode }) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  function move(event: KeyboardEvent) {
    const at = options.findIndex((option) => option.value === value);
    const to = { ArrowRight: (at + 1) % options.length, ArrowLeft: (at - 1 + options.length) % options.length, Home: 0, End: options.length - 1 }[event.key];
    const next = to === undefined ? undefined : options[to];
    if (!next) return;
    event.preventDefault();
    onChange(next.value);
    list.current?.querySelectorAll("button")[to ?? 0]?.focus();
  }
  if (options.length < 2) return <div className="flex-1">{children}</div>;
  return (
    <>
      <div ref={list} role="tablist" aria-label={label} className="border-line -mx-1 mb-2 flex gap-1 overflow-x-auto border-b px-1 print:hidden">
        {options.map((option) => (
          <button
            key={option.value}
            type="button"
            role="tab"
            id={`${id}-${option.value}`}
            aria-selected={option.value === value}
            aria-controls={`${id}-panel`}
            tabIndex={option.value === value ? 0 : -1}
            className="text-muted hover:text-ink aria-selected:border-accent aria-selected:text-ink -mb-px border-b-2 border-transparent px-2 py-1.5 text-xs font-medium whitespace-nowrap -outline-offset-2"
            onClick={() => {
              onChange(option.value);
            }}
            onKeyDown={move}
          >
            {option.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${value}`} className="flex-1">
        {children}
      </div>
    </>
  );
}
