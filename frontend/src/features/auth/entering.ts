import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useState } from "react";
import type { SignedIn } from "@/api/generated";
import { begin, likely, refresh, type Session, useSession } from "@/api/session";
import { inside } from "./next";

/** Begin to be somebody: what was cached was another's. */
export function useEnter(): (answer: SignedIn) => void {
  const queries = useQueryClient();
  return useCallback(
    (answer) => {
      queries.clear();
      begin(answer);
    },
    [queries],
  );
}

/**
 * Who is signed in, asked for after the page is there, and only where somebody probably is. "unknown" is while the answer is on its
 * way; who can't be asked about is nobody before something is sent.
 */
export function useVisitor(): Session {
  const session = useSession();
  const [asking, setAsking] = useState(() => session.status === "unknown" && likely());
  useEffect(() => {
    if (!asking) return;
    refresh()
      .catch(() => undefined)
      .finally(() => {
        setAsking(false);
      });
  }, [asking]);
  return session.status === "unknown" && !asking ? { status: "out" } : session;
}

/** Whether somebody has an account: guests have links, and no address yet. */
export const settled = (session: Session): boolean => session.status === "in" && Boolean(session.user.email);

/** Go on once somebody is signed in: who has just done so, and who was already. */
export function useGoOn(next?: string): Session {
  const session = useVisitor();
  const navigate = useNavigate();
  const entered = settled(session);
  useEffect(() => {
    if (entered) void navigate({ href: inside(next), replace: true });
  }, [entered, navigate, next]);
  return session;
}
