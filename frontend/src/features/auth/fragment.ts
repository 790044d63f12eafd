import { useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

type Fragment = Readonly<Record<string, string>>;
const parse = (hash: string): Fragment => Object.fromEntries(new URLSearchParams(hash));

/**
 * What the address said behind its #, which holds secrets: it is taken out of the address bar, and so out of the history, at once.
 * It stays in memory while the page is there.
 */
export function useFragment(): Fragment {
  const hash = useLocation({ select: (location) => location.hash });
  const navigate = useNavigate();
  const [taken, setTaken] = useState({ hash, said: parse(hash) });
  // Another mail's link, followed in the same tab, loads no page anew.
  if (hash !== "" && hash !== taken.hash) setTaken({ hash, said: parse(hash) });
  useEffect(() => {
    if (hash !== "") void navigate({ to: ".", search: true, hash: "", replace: true });
  }, [hash, navigate]);
  return taken.said;
}
