import { useEffect, useState } from "react";

const MINUTE = 60_000;
const floor = () => Math.floor(Date.now() / MINUTE) * MINUTE;

/** The running minute: what is asked about "now" is asked once for all of it. */
export function useNow(): Date {
  const [minute, setMinute] = useState(floor);
  useEffect(() => {
    const timer = setInterval(() => {
      setMinute(floor());
    }, 10_000);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return new Date(minute);
}
