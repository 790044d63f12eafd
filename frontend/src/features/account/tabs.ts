export const TABS = ["profile", "security", "sessions", "data"] as const;
export type Tab = (typeof TABS)[number];

export const isTab = (word: unknown): word is Tab => TABS.some((tab) => tab === word);
