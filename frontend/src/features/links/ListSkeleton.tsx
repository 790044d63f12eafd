import { components } from "@/text/components";

/** Where the rows will be. */
export function ListSkeleton() {
  return (
    <div role="status" aria-label={components.loading} className="card">
      {[0, 1, 2, 3, 4, 5].map((row) => (
        <div key={row} className="border-line space-y-2 border-b p-4 last:border-b-0">
          <div className="skeleton h-4 w-48 max-w-full" />
          <div className="skeleton h-4 w-80 max-w-full" />
          <div className="skeleton h-3 w-24" />
        </div>
      ))}
    </div>
  );
}
