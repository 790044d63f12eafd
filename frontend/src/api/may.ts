import { useQuery } from "@tanstack/react-query";
import { getAuthMeOptions } from "./generated/@tanstack/react-query.gen";

/** Say whether the person may do something in the chosen workspace, by the API's scope; not before it is known. */
export function useMay(scope: string): boolean {
  const { data } = useQuery({ ...getAuthMeOptions(), staleTime: 300_000 });
  return data?.scopes.includes(scope) ?? false;
}
