import { Search } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "@/lib/keys";
import { components as text } from "@/text/components";

/** Milliseconds after the last letter at which it is searched for. */
const PAUSE = 300;

/** Searches while one types; `/` leads here. `value` is what is searched for, as the address has it. */
export function SearchField({ label, value, onSearch }: { label: string; value: string; onSearch: (wanted: string) => void }) {
  const ref = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  // The address changed by other means, such as the filters being cleared or the browser's "back".
  if (known !== value) {
    setKnown(value);
    if (typed.trim() !== value) setTyped(value);
  }
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => {
      onSearch(typed.trim());
    }, PAUSE);
    return () => {
      clearTimeout(timer);
    };
  }, [typed, value, onSearch]);
  useKeys(useMemo(() => [{ keys: "/", label: text.search, run: () => ref.current?.focus() }], []));
  return (
    <div className="relative min-w-0 flex-1 basis-56">
      <Search aria-hidden size={16} className="text-muted pointer-events-none absolute top-2.5 left-3" />
      <input
        ref={ref}
        type="search"
        aria-label={label}
        placeholder={label}
        className="input pl-9"
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
        }}
      />
    </div>
  );
}
