import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { GinnelFactorsProvingProofWritable } from "@/api/generated";
import {
  getAuthFactorsOptions,
  getAuthFactorsQueryKey,
  getAuthIdentitiesOptions,
  getAuthIdentitiesQueryKey,
  getAuthProvidersOptions,
  getAuthSessionsOptions,
  getAuthSessionsQueryKey,
} from "@/api/generated/@tanstack/react-query.gen";

/** What shows that it is the account's owner: the password, and a code where there is a second factor. */
export type Proof = GinnelFactorsProvingProofWritable;

export const useFactors = () => useQuery(getAuthFactorsOptions());
export const useSessions = () => useQuery(getAuthSessionsOptions());
export const useIdentities = () => useQuery(getAuthIdentitiesOptions());
export const useProviders = () => useQuery(getAuthProvidersOptions());

/** Have what was changed be asked for anew. */
export function useRefetch(): Readonly<Record<"factors" | "sessions" | "identities", () => Promise<void>>> {
  const queries = useQueryClient();
  return {
    factors: () => queries.invalidateQueries({ queryKey: getAuthFactorsQueryKey() }),
    sessions: () => queries.invalidateQueries({ queryKey: getAuthSessionsQueryKey() }),
    identities: () => queries.invalidateQueries({ queryKey: getAuthIdentitiesQueryKey() }),
  };
}
