import { afterEach, expect, test, vi } from "vitest";
import { Cancelled, create, creation, find, offersInField, request, supported } from "./webauthn";

const buffer = (...numbers: number[]) => Uint8Array.from(numbers).buffer;

/** A browser that knows passkeys, but not their JSON. */
function older(credentials: Partial<CredentialsContainer>) {
  vi.stubGlobal("PublicKeyCredential", () => undefined);
  vi.stubGlobal("navigator", { userAgent: navigator.userAgent, credentials });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a browser without passkeys is known as such", async () => {
  vi.stubGlobal("PublicKeyCredential", undefined);
  expect(supported()).toBe(false);
  expect(await offersInField()).toBe(false);
});

test("options are read where the browser can't, base64url and all", () => {
  older({});
  const made = creation({ challenge: "-_8", user: { id: "AQID", name: "ada", displayName: "Ada" }, excludeCredentials: [{ id: "BAUG", type: "public-key" }], rp: { id: "x" } });
  expect(new Uint8Array(made.challenge as ArrayBuffer)).toEqual(new Uint8Array([251, 255]));
  expect(made.user.id).toEqual(new Uint8Array([1, 2, 3]));
  expect(made.excludeCredentials?.[0]?.id).toEqual(new Uint8Array([4, 5, 6]));
  expect(request({ challenge: "AQ", rpId: "x" })).toMatchObject({ rpId: "x", allowCredentials: [] });
});

test("what the browser makes is sent as base64url", async () => {
  const response = { clientDataJSON: buffer(251, 255), attestationObject: buffer(1) };
  older({ create: () => Promise.resolve({ id: "x", rawId: buffer(251, 255), response } as unknown as Credential) });
  const made = await create({ challenge: "AQ", user: { id: "AQ" } });
  expect(made).toEqual({ id: "x", rawId: "-_8", type: "public-key", response: { clientDataJSON: "-_8", attestationObject: "AQ" } });
});

test("a passkey that is used says whose it is", async () => {
  const response = { clientDataJSON: buffer(1), authenticatorData: buffer(2), signature: buffer(3), userHandle: null };
  older({ get: () => Promise.resolve({ id: "x", rawId: buffer(1), response } as unknown as Credential) });
  expect(await find({ challenge: "AQ" })).toMatchObject({ response: { signature: "Aw", userHandle: null } });
});

test("closing the browser's dialog is no fault, and anything else is one", async () => {
  older({ get: () => Promise.reject(new DOMException("no", "NotAllowedError")) });
  await expect(find({ challenge: "AQ" })).rejects.toBeInstanceOf(Cancelled);
  older({ get: () => Promise.reject(new DOMException("no", "SecurityError")) });
  await expect(find({ challenge: "AQ" })).rejects.toMatchObject({ name: "SecurityError" });
});
