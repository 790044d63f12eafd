import { useQuery } from "@tanstack/react-query";
import { Check, LoaderCircle, X } from "lucide-react";
import { useFormContext, useWatch } from "react-hook-form";
import { getDomainsOptions, getLinksAvailableOptions } from "@/api/generated/@tanstack/react-query.gen";
import { Button } from "@/components/Button";
import { Field } from "@/components/Field";
import { SelectField } from "@/components/SelectField";
import { useSettled } from "@/lib/debounce";
import { builder as text } from "@/text/builder";
import { useFault } from "./faults";
import type { Fields } from "./fields";

const PAUSE = 300;
const WHY: Readonly<Record<string, string>> = { slug_taken: text.slugTaken, slug_reserved: text.slugReserved };

/** Where the link stands: its domain, and a slug that is looked up while it is typed. */
export function SlugField({ own, defaultDomain }: { own?: { slug: string; domain: string } | undefined; defaultDomain: string }) {
  const { register, setValue } = useFormContext<Fields>();
  const [slug, domain, title] = useWatch<Fields, ["slug", "domain", "title"]>({ name: ["slug", "domain", "title"] });
  const fault = useFault("slug");
  const domainFault = useFault("domain");
  const { data: domains } = useQuery(getDomainsOptions());
  const hosts = (domains?.items ?? []).filter(({ verified, host }) => verified && host !== defaultDomain).map(({ host }) => host);
  const wanted = useSettled(slug.trim(), PAUSE);
  const asks = wanted !== "" && wanted !== own?.slug;
  const { data, isFetching, isSuccess } = useQuery({
    ...getLinksAvailableOptions({ query: { slug: wanted, domain: domain || undefined, title: title || undefined } }),
    enabled: asks,
    retry: false,
  });
  const known = asks && isSuccess && !isFetching && wanted === slug.trim() ? data : undefined;
  return (
    <div className={`grid gap-4 ${own || hosts.length === 0 ? "" : "sm:grid-cols-2"}`}>
      {!own && hosts.length > 0 && (
        <SelectField label={text.domain} error={domainFault} {...register("domain")}>
          <option value="">{text.domainDefault(defaultDomain)}</option>
          {hosts.map((host) => (
            <option key={host}>{host}</option>
          ))}
        </SelectField>
      )}
      <Field label={text.slug} error={fault ?? (known && !known.available ? (WHY[known.code ?? ""] ?? text.slugWrong) : undefined)} hint={own ? slug.trim() !== own.slug && text.slugMoves : text.slugHint}>
        {(parts) => (
          <div>
            <div className="border-line-strong bg-card focus-within:outline-accent flex h-9 items-center overflow-hidden rounded-lg border focus-within:outline-2 focus-within:outline-offset-2">
              {(own ?? hosts.length === 0) && <span className="text-muted bg-raised border-line flex h-full max-w-1/2 items-center truncate border-r px-2.5 text-xs">{defaultDomain}/</span>}
              <input {...parts} {...register("slug")} autoComplete="off" autoCapitalize="none" spellCheck={false} className="h-full min-w-0 flex-1 bg-transparent px-3 outline-none" />
              <span role="status" className="flex items-center gap-1 pr-3 text-xs">
                {asks && isFetching && <LoaderCircle aria-label={text.slugAsking} size={15} className="text-muted animate-spin" />}
                {known?.available && (
                  <>
                    <Check aria-hidden size={15} className="text-good" />
                    <span className="text-good">{text.slugFree}</span>
                  </>
                )}
                {known && !known.available && <X aria-hidden size={15} className="text-danger" />}
              </span>
            </div>
            {known && !known.available && known.suggestions.length > 0 && (
              <p className="mt-2 flex flex-wrap items-center gap-1.5">
                <span className="text-muted text-xs">{text.slugTry}</span>
                {known.suggestions.map((free) => (
                  <Button
                    key={free}
                    size="small"
                    onClick={() => {
                      setValue("slug", free, { shouldDirty: true });
                    }}
                  >
                    {free}
                  </Button>
                ))}
              </p>
            )}
          </div>
        )}
      </Field>
    </div>
  );
}
