import { type ComponentProps, type KeyboardEvent, type ReactNode, useId, useRef } from "react";
import { Key } from "./Key";

export interface MenuItem {
  label: ReactNode;
  icon?: ReactNode;
  /** The letter that does the same on the row. */
  shortcut?: string;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

const GAP = 6;

/** Put the menu beneath its button, or above where there is no room, and within the window. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + GAP + height <= innerHeight || at.top < height;
  menu.style.top = `${below ? at.bottom + GAP : at.top - GAP - height}px`;
  menu.style.left = `${Math.max(GAP, Math.min(at.right - width, innerWidth - width - GAP))}px`;
}

/**
 * A button's menu, by the browser's own popover, which closes by Escape or a click elsewhere and is above dialogs too.
 * `trigger` makes the button with the attributes that it is given. Keys as in the ARIA Authoring Practices' menu button.
 */
export function Menu({ trigger, items }: { trigger: (parts: ComponentProps<"button">) => ReactNode; items: readonly (MenuItem | "line")[] }) {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const entries = () => [...(menu.current?.querySelectorAll<HTMLButtonElement>("button:not(:disabled)") ?? [])];

  function move(event: KeyboardEvent) {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    if (event.key === "Tab") menu.current?.hidePopover();
    const letter = event.key.length === 1 && !event.ctrlKey && !event.metaKey && event.key !== " " ? event.key.toLowerCase() : null;
    const wanted = letter
      ? [...all.slice(at + 1), ...all.slice(0, at + 1)].find((entry) => entry.textContent.trim().toLowerCase().startsWith(letter))
      : event.key in to
        ? all.at((to[event.key] ?? 0) % all.length)
        : undefined;
    if (!wanted) return;
    event.preventDefault();
    event.stopPropagation();
    wanted.focus();
  }
  return (
    <>
      {trigger({ ref: button, type: "button", popoverTarget: id, "aria-haspopup": "menu" })}
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        className="bg-card border-line text-ink fixed inset-auto m-0 max-h-[min(28rem,calc(100dvh-1rem))] min-w-48 overflow-y-auto rounded-xl border p-1 text-sm font-normal shadow-xl"
        onKeyDown={move}
        onToggle={(event) => {
          button.current?.setAttribute("aria-expanded", String(event.newState === "open"));
          if (event.newState !== "open" || !menu.current || !button.current) return;
          place(menu.current, button.current);
          entries()[0]?.focus({ preventScroll: true });
        }}
      >
        {items.map((item, index) =>
          item === "line" ? (
            <hr key={index} className="border-line my-1" />
          ) : (
            <button
              key={index}
              type="button"
              role="menuitem"
              tabIndex={-1}
              disabled={item.disabled}
              onClick={() => {
                menu.current?.hidePopover();
                item.onSelect();
              }}
              className={`hover:bg-raised focus:bg-raised flex w-full items-center gap-2.5 rounded-lg px-2.5 py-2 text-left -outline-offset-2 disabled:cursor-not-allowed disabled:opacity-50 ${item.danger ? "text-danger" : ""}`}
            >
              {item.icon}
              <span className="min-w-0 flex-1">{item.label}</span>
              {item.shortcut && <Key>{item.shortcut}</Key>}
            </button>
          ),
        )}
      </div>
    </>
  );
}
