import { useEffect, useState } from "react";

const shown = (seconds: number) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

/** Count seconds down: what is left ("4:59", null when it is over), and how to begin. */
export function useWait(): readonly [string | null, (seconds: number) => void] {
  const [left, setLeft] = useState(0);
  const waits = left > 0;
  useEffect(() => {
    if (!waits) return;
    const tick = setInterval(() => {
      setLeft((seconds) => Math.max(0, seconds - 1));
    }, 1000);
    return () => {
      clearInterval(tick);
    };
  }, [waits]);
  return [
    waits ? shown(left) : null,
    (seconds) => {
      setLeft(Math.ceil(seconds));
    },
  ];
}
