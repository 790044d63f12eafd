import { useMemo } from "react";
import { encode } from "uqr";

/** A QR code; dark on light in both themes, with the margin of four modules that readers need (ISO/IEC 18004). */
export function QrCode({ content, label }: { content: string; label: string }) {
  const { size, path } = useMemo(() => {
    const { data, size } = encode(content, { ecc: "M", border: 4 });
    const modules = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
    return { size, path: modules.join("") };
  }, [content]);
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges" className="border-line mx-auto size-48 rounded-lg border">
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
