import { type ReactNode, useEffect } from "react";

/** A page's heading and what can be done on it; it names the tab too. */
export function PageHeader({ title, children, tab }: { title: ReactNode; children?: ReactNode; tab?: string }) {
  const name = tab ?? (typeof title === "string" ? title : "");
  useEffect(() => {
    document.title = name ? `${name} – Ginnel` : "Ginnel";
  }, [name]);
  return (
    <header className="mb-5 flex min-h-9 flex-wrap items-center justify-between gap-3">
      <h1 className="min-w-0 text-xl font-semibold break-words">{title}</h1>
      {children && <div className="flex max-w-full min-w-0 flex-wrap items-center gap-2">{children}</div>}
    </header>
  );
}
