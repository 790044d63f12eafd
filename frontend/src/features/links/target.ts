/** Read what somebody pasted as a web address, completed by its scheme; null if it is none. */
export function address(text: string): string | null {
  const trimmed = text.trim();
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !/^[^/]+\.[^/]+:\d/.test(trimmed) ? trimmed : `https://${trimmed}`;
  const url = URL.parse(whole);
  return url && /^https?:$/.test(url.protocol) && /\.|^localhost$|^\[/.test(url.hostname) ? whole : null;
}

/** An address that may be a link: the API keeps no others, and what is no address becomes no link whatever happens. */
export const href = (target: string): string | undefined => (/^https?:\/\//i.test(target) ? target : undefined);
