import { useCallback, useEffect, useRef } from "react";
import { postAuthPasskeysSignIn, postAuthPasskeysSignInOptions, type SignedIn } from "@/api/generated";
import { find, offersInField } from "@/api/webauthn";

/** A challenge is good for five minutes. */
const FRESH = 4 * 60_000;

/**
 * Let the browser offer passkeys in the field of the address, where it can. Whatever goes wrong with that is quiet: there is a
 * button too. Returns what ends the offer.
 */
export function usePasskeyInField(enter: (answer: SignedIn) => void): () => void {
  const offer = useRef<AbortController>(undefined);
  const pause = useCallback(() => {
    offer.current?.abort();
  }, []);
  useEffect(() => {
    const ended = new AbortController();
    async function wait() {
      if (!(await offersInField())) return;
      while (!ended.signal.aborted) {
        const { data } = await postAuthPasskeysSignInOptions();
        const mine = new AbortController();
        offer.current = mine;
        const stale = setTimeout(() => {
          mine.abort("stale");
        }, FRESH);
        ended.signal.addEventListener("abort", pause, { once: true });
        try {
          const credential = await find(data.public_key, { inField: true, signal: mine.signal });
          enter((await postAuthPasskeysSignIn({ body: { credential } })).data);
          return;
        } catch {
          if (mine.signal.reason !== "stale") return;
        } finally {
          clearTimeout(stale);
        }
      }
    }
    wait().catch(() => undefined);
    return () => {
      ended.abort();
    };
  }, [enter, pause]);
  return pause;
}
