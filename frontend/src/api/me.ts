import { useQuery } from "@tanstack/react-query";
import type { MeOut } from "./generated";
import { getAuthMeOptions } from "./generated/@tanstack/react-query.gen";

/** Who one is in the chosen workspace; undefined until that is known. */
export function useMe(): MeOut | undefined {
  return useQuery(getAuthMeOptions()).data;
}

/** Whether one may do what a scope covers there; false until that is known, so that nothing is offered that would fail. */
export function useMay(scope: string): boolean {
  return useMe()?.scopes.includes(scope) ?? false;
}
