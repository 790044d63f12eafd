import { useEffect, useEffectEvent, useState } from "react";

/** Do something when the element, which gets what is returned as its ref, comes near the window. */
export function useNearEnd(wanted: boolean, reached: () => void): (element: HTMLElement | null) => void {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const run = useEffectEvent(reached);
  useEffect(() => {
    if (!element || !wanted || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) run();
      },
      { rootMargin: "600px" },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [element, wanted]);
  return setElement;
}
