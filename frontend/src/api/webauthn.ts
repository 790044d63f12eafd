import type { Assertion, Attestation } from "./generated";

/** What the API sends for the browser: JSON of Web Authentication, level 3, section 5.1. */
type Options = Readonly<Record<string, unknown>>;

/** Thrown where the person closed the browser's dialog, or it took too long. Nobody has to be told. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

type Api = typeof PublicKeyCredential;
const api = (): Partial<Api> | undefined => (typeof PublicKeyCredential === "undefined" ? undefined : PublicKeyCredential);

/** Whether the browser knows passkeys. Without TLS none does, but for localhost. */
export const supported = (): boolean => api() !== undefined;

/** Whether it offers passkeys in the field where people type who they are. */
export async function offersInField(): Promise<boolean> {
  return (await api()?.isConditionalMediationAvailable?.()) ?? false;
}

const bytes = (text: unknown): Uint8Array<ArrayBuffer> => {
  const plain = atob(String(text).replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const encoded = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

interface Descriptor {
  id: string;
}
const named = (list: unknown) => ((list ?? []) as readonly Descriptor[]).map((one) => ({ ...one, type: "public-key" as const, id: bytes(one.id) }));

/** `parseCreationOptionsFromJSON`, for browsers from before 2025. */
export function creation(options: Options): PublicKeyCredentialCreationOptions {
  const native = api()?.parseCreationOptionsFromJSON;
  if (native) return native.call(PublicKeyCredential, options as unknown as PublicKeyCredentialCreationOptionsJSON);
  const user = options.user as { id: string; name: string; displayName: string };
  return {
    ...(options as unknown as PublicKeyCredentialCreationOptions),
    challenge: bytes(options.challenge),
    user: { ...user, id: bytes(user.id) },
    excludeCredentials: named(options.excludeCredentials),
  };
}

/** `parseRequestOptionsFromJSON`, likewise. */
export function request(options: Options): PublicKeyCredentialRequestOptions {
  const native = api()?.parseRequestOptionsFromJSON;
  if (native) return native.call(PublicKeyCredential, options as unknown as PublicKeyCredentialRequestOptionsJSON);
  return { ...(options as unknown as PublicKeyCredentialRequestOptions), challenge: bytes(options.challenge), allowCredentials: named(options.allowCredentials) };
}

function credential(found: Credential | null): PublicKeyCredential {
  if (!found) throw new Cancelled();
  return found as PublicKeyCredential;
}

/** The person's no is no fault; neither is a dialog that another one has taken the place of. */
async function asked<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && (error.name === "NotAllowedError" || error.name === "AbortError")) throw new Cancelled();
    throw error;
  }
}

/** Have the browser make a passkey. Throws Cancelled. */
export async function create(options: Options): Promise<Attestation> {
  const made = credential(await asked(navigator.credentials.create({ publicKey: creation(options) })));
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: encoded(made.rawId),
    type: "public-key",
    response: { clientDataJSON: encoded(response.clientDataJSON), attestationObject: encoded(response.attestationObject) },
  };
}

/** Have the browser find a passkey and use it; `inField` waits for the person to choose it there. Throws Cancelled. */
export async function find(options: Options, { inField = false, signal }: { inField?: boolean; signal?: AbortSignal } = {}): Promise<Assertion> {
  const found = await asked(navigator.credentials.get({ publicKey: request(options), mediation: inField ? "conditional" : "optional", signal }));
  const used = credential(found);
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    id: used.id,
    rawId: encoded(used.rawId),
    type: "public-key",
    response: {
      clientDataJSON: encoded(response.clientDataJSON),
      authenticatorData: encoded(response.authenticatorData),
      signature: encoded(response.signature),
      userHandle: response.userHandle ? encoded(response.userHandle) : null,
    },
  };
}
