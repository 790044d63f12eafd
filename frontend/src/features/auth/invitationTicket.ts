import { useFragment } from "./fragment";

const KEY = "invitation";

/** Return the ticket of the mail's link, also after one has gone to sign in, at a provider's even. The tab keeps it until it is answered. */
export function useInvitationTicket(): string | undefined {
  const { ticket } = useFragment();
  try {
    if (ticket !== undefined) sessionStorage.setItem(KEY, ticket);
    return ticket ?? sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    return ticket;
  }
}

export function forgetInvitation(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then nothing was kept.
  }
}
