// What a root-key provider outside of this machine is asked for: to wrap one root key, and to unwrap it.
// Nothing else ever goes there. It knows no vendor and no file. Keeps: a wrapped key opens only as the
// root key, and at the kind of provider, that it was wrapped for; what a vendor says reaches no message.
import { CofferError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { canonical } from "../aad.ts";

export const providerKinds = ["aws-kms", "vault-transit", "pkcs11"] as const;
export type ProviderKind = (typeof providerKinds)[number];

export interface AwsKmsSettings {
  readonly kind: "aws-kms";
  /** Id, ARN or alias. */
  readonly key: string;
  readonly region: string;
  /** Null: Amazon's own for the region. */
  readonly endpoint: string | null;
}

export interface VaultTransitSettings {
  readonly kind: "vault-transit";
  readonly address: string;
  readonly mount: string;
  readonly key: string;
  readonly namespace: string | null;
}

export interface Pkcs11Settings {
  readonly kind: "pkcs11";
  /** The vendor's library. */
  readonly module: string;
  /** At least one of the two says which token it is; slots have no lasting numbers. */
  readonly tokenLabel: string | null;
  readonly tokenSerial: string | null;
  /** The label of the key. */
  readonly key: string;
  readonly algorithm: Pkcs11Algorithm;
}

export const pkcs11Algorithms = ["aes-gcm", "aes-key-wrap-pad"] as const;
export type Pkcs11Algorithm = (typeof pkcs11Algorithms)[number];

export type ProviderSettings = AwsKmsSettings | VaultTransitSettings | Pkcs11Settings;

/** Asked for anew each time it is needed: the file it stands in may have changed. */
export type Credential = () => Promise<string>;

/** What is kept of a wrapped key. None of it is secret. */
export interface Wrapped {
  /** The key that wrapped it, as its provider names it for good. */
  readonly keyId: string;
  readonly algorithm: string;
  readonly blob: Buffer;
}

export interface RootProvider {
  readonly kind: ProviderKind;
  /** The bytes stay the caller's to wipe. */
  wrap(key: Buffer, context: Context): Promise<Wrapped>;
  /** The bytes are the caller's to wipe. */
  unwrap(wrapped: Wrapped, context: Context): Promise<Buffer>;
  /** For a person: what it is and which key. */
  describe(): string;
}

/** What a wrapped root key is bound to. */
export interface Context {
  readonly provider: ProviderKind;
  readonly rootKeyId: string;
}

const format = "coffer/root-record/1";
const purpose = "root-key";

export function contextBytes({ provider, rootKeyId }: Context): Buffer {
  return canonical([format, purpose, provider, rootKeyId]);
}

/** The same for a provider that takes names and values and has an encoding of its own for them. */
export function contextMap({ provider, rootKeyId }: Context): Record<string, string> {
  return { coffer: format, purpose, provider, rootKey: rootKeyId };
}

/**
 * `unavailable` may be over in a moment. All others are for a person, and asking again would be of no
 * use, or do harm.
 */
export type ProviderFailure = "unavailable" | "denied" | "no-key" | "key-unusable" | "damaged" | "refused";

const sentences: Readonly<Record<ProviderFailure, string>> = {
  unavailable: "it does not answer",
  denied: "it refuses the credential that Coffer has for it",
  "no-key": "it has no such key",
  "key-unusable": "the key there is disabled or about to be deleted",
  damaged: "what it wrapped does not open: it was changed, or wrapped by another key or for another purpose",
  refused: "it refuses to use that key for this; the guide on root keys says what it must be",
};

/** Whether it is worth to ask again, and when, stands in its details. */
export function providerError(
  provider: string,
  failure: ProviderFailure,
  options: ErrorOptions & { readonly note?: string } = {},
): CofferError {
  const note = options.note === undefined ? "" : ` (${options.note})`;
  return new CofferError(
    "server.sealed",
    `The root key cannot be used: ${provider}: ${sentences[failure]}${note}.`,
    failure === "unavailable" ? { retryAfterSeconds: limits.rootProviderAgainMs / 1000 } : {},
    options,
  );
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof CofferError && error.details.retryAfterSeconds !== undefined;
}

/** Loaded only where it is configured. */
export function lacksPackage(kind: ProviderKind, name: string, range: string, cause: unknown): CofferError {
  return new CofferError(
    "server.sealed",
    `The root key cannot be used: ${kind} needs the package ${name} (${range}); npm install "${name}@${range}".`,
    {},
    { cause },
  );
}
