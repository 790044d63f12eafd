import { components as text } from "@/text/components";

/** Where a page will be, while it is on its way. */
export function PageSkeleton() {
  return (
    <div role="status" aria-label={text.loading} className="space-y-4">
      <div className="skeleton h-8 w-48" />
      <div className="skeleton h-24" />
      <div className="skeleton h-64" />
    </div>
  );
}
