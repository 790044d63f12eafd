/** Parts of a link's page, apart from the page itself: its address is read before its code is here. */
export const TABS = ["stats", "qr", "history", "explain", "settings"] as const;
export type Tab = (typeof TABS)[number];
