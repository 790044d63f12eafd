import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";
import { deleteDomainsByDomainId, type DomainChange, type DomainOut, patchDomainsByDomainId, postDomains, postDomainsByDomainIdVerify } from "@/api/generated";
import { getDomainsQueryKey, getWorkspacesQueryKey } from "@/api/generated/@tanstack/react-query.gen";

/** Which domain new links stand on is a fact of the workspace too. */
async function forget(queries: QueryClient): Promise<void> {
  await Promise.all([queries.invalidateQueries({ queryKey: getDomainsQueryKey() }), queries.invalidateQueries({ queryKey: getWorkspacesQueryKey() })]);
}

const match = ({ version }: DomainOut) => ({ "If-Match": `"${version}"` });

export function useAddDomain() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: async (host: string) => (await postDomains({ body: { host } })).data, onSettled: () => forget(queries) });
}

export function useChangeDomain(domain: DomainOut) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: DomainChange) => (await patchDomainsByDomainId({ path: { domain_id: domain.id }, body, headers: match(domain) })).data,
    onSettled: () => forget(queries),
  });
}

export function useVerifyDomain() {
  const queries = useQueryClient();
  return useMutation({ mutationFn: async ({ id }: DomainOut) => (await postDomainsByDomainIdVerify({ path: { domain_id: id } })).data, onSettled: () => forget(queries) });
}

export function useRemoveDomain() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (domain: DomainOut) => {
      await deleteDomainsByDomainId({ path: { domain_id: domain.id }, headers: match(domain) });
    },
    onSettled: () => forget(queries),
  });
}
