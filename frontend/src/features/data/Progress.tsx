/** How far something is, for the eye and for the ear. */
export function Progress({ label, value }: { label: string; value: number }) {
  return (
    <div>
      <p className="mb-1.5 font-medium tabular-nums" aria-live="polite">
        {label}
      </p>
      <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(value * 100)} className="bg-raised h-2.5 overflow-hidden rounded-full">
        <div className="bg-accent h-full origin-left rounded-full transition-transform duration-300" style={{ transform: `scaleX(${value})` }} />
      </div>
    </div>
  );
}
