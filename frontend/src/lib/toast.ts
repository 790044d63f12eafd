export interface Toast {
  readonly id: number;
  readonly message: string;
  readonly kind: "plain" | "danger";
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

const SECONDS = 6;
let toasts: readonly Toast[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(wanted: readonly Toast[]): void {
  toasts = wanted;
  for (const told of listeners) told();
}

export const shown = (): readonly Toast[] => toasts;

export function subscribe(told: () => void): () => void {
  listeners.add(told);
  return () => listeners.delete(told);
}

export function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

/** Say something for a while. With an action, such as to undo, it stays twice as long. */
export function toast(message: string, { kind = "plain", action }: Partial<Pick<Toast, "kind" | "action">> = {}): number {
  const id = next++;
  set([...toasts.slice(-2), { id, message, kind, action }]);
  setTimeout(() => {
    dismiss(id);
  }, SECONDS * (action ? 2000 : 1000));
  return id;
}
