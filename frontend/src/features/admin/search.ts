import type { State } from "./api";

// Apart from the pages: what an address may say is known before any of their code is here.
export const DIALOGS = ["host", "list"] as const;
export const STATES: readonly State[] = ["enabled", "disabled", "unverified", "admin"];
