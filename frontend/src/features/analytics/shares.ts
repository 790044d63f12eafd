import { queryOptions } from "@tanstack/react-query";
import { getSharedByToken } from "@/api/generated";
import { getLinksByLinkIdSharesOptions } from "@/api/generated/@tanstack/react-query.gen";

export const sharesOptions = (link: number) => getLinksByLinkIdSharesOptions({ path: { link_id: link } });

export const sharedOptions = (token: string) =>
  queryOptions({ queryKey: ["shared", token], queryFn: async ({ signal }) => (await getSharedByToken({ path: { token }, signal })).data });

export type Expiry = "never" | "week" | "month" | "year";
const DAYS = { week: 7, month: 30, year: 365 } as const;

/** When a share ends that is made now; null is when somebody ends it. */
export const endOf = (expiry: Expiry, now: Date): string | null => (expiry === "never" ? null : new Date(now.getTime() + DAYS[expiry] * 86_400_000).toISOString());
