export const dimensions = [
  "source", "channel", "referrer_host",
  "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
  "country", "region", "city", "continent",
  "device", "os", "browser", "language",
  "qr", "variant", "bot",
] as const;
/** What clicks are told apart by. */
export type Dimension = (typeof dimensions)[number];

/** Told apart like a dimension, but not filtered by: a link has numbers of its own. */
export const LINK = "link";

/** What belongs together on a card, a tab each. */
export const groups = {
  sources: ["source", "channel", "referrer_host"],
  places: ["country", "region", "city", "continent"],
  devices: ["device", "browser", "os", "language"],
  campaigns: ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"],
  ways: ["variant", "qr"],
  bots: ["bot"],
} as const satisfies Record<string, readonly Dimension[]>;
export type Group = keyof typeof groups;
