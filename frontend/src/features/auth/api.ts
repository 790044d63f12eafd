import { useQuery } from "@tanstack/react-query";
import { getAuthProvidersOptions, getAuthRegistrationOptions } from "@/api/generated/@tanstack/react-query.gen";

const LONG = 300_000;

/** The providers to sign in with; none while that is not known. */
export const useProviders = () => useQuery({ ...getAuthProvidersOptions(), staleTime: LONG }).data?.items ?? [];

export const useRegistration = () => useQuery({ ...getAuthRegistrationOptions(), staleTime: LONG });
