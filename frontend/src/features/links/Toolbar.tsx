import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { getDomainsOptions, getTagsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { useKeys } from "@/lib/keys";
import { links as text } from "@/text/links";
import { type LinkSearch, SORTS, type Sort } from "./search";

const PAUSE = 250;

/** Search, filters and order; all of it is in the address. */
export function Toolbar({ search, onSearch }: { search: LinkSearch; onSearch: (next: LinkSearch) => void }) {
  const { data: tags } = useQuery(getTagsOptions());
  const { data: domains } = useQuery(getDomainsOptions());
  const input = useRef<HTMLInputElement>(null);
  useKeys(
    useMemo(
      () => [
        {
          keys: "/",
          label: text.keys.search,
          run: () => {
            input.current?.focus();
            input.current?.select();
          },
        },
      ],
      [],
    ),
  );
  const chosen = search.tag?.[0] ?? "";
  const hosts = (domains?.items ?? []).filter(({ verified }) => verified).map(({ host }) => host);
  return (
    <search className="mb-3 grid grid-cols-2 gap-2 md:flex">
      <SearchField
        value={search.q ?? ""}
        input={input}
        onChange={(q) => {
          onSearch({ ...search, q });
        }}
      />
      <select
        aria-label={text.tagName}
        className="input md:w-auto md:max-w-40"
        value={chosen}
        onChange={(event) => {
          onSearch({ ...search, tag: event.target.value ? [event.target.value] : undefined });
        }}
      >
        <option value="">{text.allTags}</option>
        {[...new Set([...(tags?.items ?? []).map(({ name }) => name), ...(chosen ? [chosen] : [])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      {hosts.length > 0 && (
        <select
          aria-label={text.allDomains}
          className="input md:w-auto md:max-w-44"
          value={search.domain ?? ""}
          onChange={(event) => {
            onSearch({ ...search, domain: event.target.value || undefined });
          }}
        >
          <option value="">{text.allDomains}</option>
          {[...new Set([location.hostname, ...hosts, ...(search.domain ? [search.domain] : [])])].map((host) => (
            <option key={host}>{host}</option>
          ))}
        </select>
      )}
      <select
        aria-label={text.which}
        className="input md:w-auto"
        value={search.archived ? "archived" : "active"}
        onChange={(event) => {
          onSearch({ ...search, archived: event.target.value === "archived" ? true : undefined });
        }}
      >
        <option value="active">{text.active}</option>
        <option value="archived">{text.archived}</option>
      </select>
      <select
        aria-label={text.sort}
        className={`input md:w-auto ${hosts.length ? "" : "col-span-2"}`}
        value={search.sort ?? SORTS[0]}
        onChange={(event) => {
          onSearch({ ...search, sort: event.target.value as Sort });
        }}
      >
        {SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {text.sorts[sort]}
          </option>
        ))}
      </select>
    </search>
  );
}

/** What is typed goes into the address when the typing pauses. */
function SearchField({ value, input, onChange }: { value: string; input: RefObject<HTMLInputElement | null>; onChange: (q: string | undefined) => void }) {
  const [typed, setTyped] = useState(value);
  // What the address says that was not typed here, such as after "clear all filters", is taken over.
  const [sent, setSent] = useState(value);
  const [seen, setSeen] = useState(value);
  if (value !== seen) {
    setSeen(value);
    if (value !== sent) setTyped(value);
  }
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  const later = (q: string, after: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setSent(q.trim());
      onChange(q.trim() || undefined);
    }, after);
  };
  return (
    <div className="relative col-span-2 min-w-0 md:flex-1">
      <Search aria-hidden size={16} className="text-muted pointer-events-none absolute top-2.5 left-3" />
      <input
        ref={input}
        type="search"
        aria-label={text.search}
        placeholder={text.searchHint}
        value={typed}
        className="input pl-9"
        onChange={(event) => {
          setTyped(event.target.value);
          later(event.target.value, PAUSE);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") later(typed, 0);
          if (event.key !== "Escape") return;
          setTyped("");
          later("", 0);
          input.current?.blur();
        }}
      />
    </div>
  );
}
