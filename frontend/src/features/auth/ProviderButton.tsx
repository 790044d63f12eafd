import { buttonClass } from "@/components/Button";
import { auth as text } from "@/text/auth";

/** Leads to the provider, which leads back to `next`. */
export function ProviderButton({ name, start, next }: { name: string; start: string; next: string }) {
  return (
    <a href={`${start}?${new URLSearchParams({ next: `/app${next}` }).toString()}`} className={`${buttonClass()} w-full`}>
      <span className="truncate">{text.withProvider(name)}</span>
    </a>
  );
}
