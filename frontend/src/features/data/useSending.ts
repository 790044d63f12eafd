import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { type ApiError, problem } from "@/api/errors";
import { importKeys } from "./api";
import { send, sendOn, type Wanted } from "./sending";

/** A file on its way; leaving the page stops it, and it can be taken up again. */
export function useSending() {
  const queries = useQueryClient();
  const [sent, setSent] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const control = useRef<AbortController>(undefined);
  useEffect(
    () => () => {
      control.current?.abort();
    },
    [],
  );

  async function run(go: (signal: AbortSignal) => Promise<unknown>) {
    const mine = new AbortController();
    control.current = mine;
    setError(null);
    setSent(0);
    try {
      await go(mine.signal);
    } catch (failed) {
      if (!mine.signal.aborted) setError(problem(failed));
    }
    if (mine.signal.aborted) return;
    setSent(null);
    await queries.invalidateQueries({ predicate: ({ queryKey }) => importKeys(queryKey) });
  }
  return {
    sent,
    error,
    begin: (file: File, wanted: Wanted, dryRun: boolean, onBegun: (id: number) => void) => run((signal) => send(file, wanted, { dryRun, onBegun, onProgress: setSent, signal })),
    goOn: (id: number, file: File) => run((signal) => sendOn(id, file, setSent, signal)),
  };
}
