import { useMemo } from "react";
import { encode } from "uqr";

/** A QR code as one path of its own, drawn here: nothing is asked of the server while somebody types. */
export function Qr({ value, label, className = "" }: { value: string; label: string; className?: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(value, { ecc: "M", border: 4 });
    const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
    return { size, path };
  }, [value]);
  return (
    // Scanners want dark on light, in the dark theme too.
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges" className={`rounded-lg bg-white ${className}`}>
      <path d={path} fill="#000" />
    </svg>
  );
}

/** What a link's code says: clicks by it are counted as such. */
export const scanned = (shortUrl: string): string => `${shortUrl}?qr=1`;
