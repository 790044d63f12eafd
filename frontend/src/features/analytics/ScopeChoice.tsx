import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { getDomainsOptions, getTagsOptions } from "@/api/generated/@tanstack/react-query.gen";
import { analytics as text } from "@/text/analytics";
import type { ScopedSearch } from "./scope";

/** Whose clicks: all links', those of a tag or of a domain. */
export function ScopeChoice({ search }: { search: ScopedSearch }) {
  const navigate = useNavigate({ from: "/analytics" });
  const { data: tags } = useQuery(getTagsOptions());
  const { data: domains } = useQuery(getDomainsOptions());
  function choose(chosen: string) {
    const [kind, id] = chosen.split(" ");
    void navigate({
      search: (old) => ({ ...old, tag: kind === "tag" ? Number(id) : undefined, domain: kind === "domain" ? Number(id) : undefined }),
      resetScroll: false,
    });
  }
  return (
    <select
      aria-label={text.of.label}
      className="input w-auto max-w-full pr-8 print:border-0 print:p-0"
      value={search.tag ? `tag ${search.tag}` : search.domain ? `domain ${search.domain}` : ""}
      onChange={({ target }) => {
        choose(target.value);
      }}
    >
      <option value="">{text.of.workspace}</option>
      {tags && tags.items.length > 0 && (
        <optgroup label={text.of.tags}>
          {tags.items.map(({ id, name }) => (
            <option key={id} value={`tag ${id}`}>
              {name}
            </option>
          ))}
        </optgroup>
      )}
      {domains && domains.items.length > 0 && (
        <optgroup label={text.of.domains}>
          {domains.items.map(({ id, host }) => (
            <option key={id} value={`domain ${id}`}>
              {host}
            </option>
          ))}
        </optgroup>
      )}
    </select>
  );
}
