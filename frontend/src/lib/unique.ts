/** Make an Idempotency-Key. `crypto.randomUUID` would want TLS, which an installation at home may lack. */
export function unique(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
