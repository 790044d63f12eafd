import { components as text } from "@/text/components";

export function BarSkeleton({ rows }: { rows: number }) {
  return (
    <div role="status" aria-label={text.loading} className="space-y-1">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="skeleton h-8" />
      ))}
    </div>
  );
}
