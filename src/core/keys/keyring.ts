// What the core needs of keys and of the texts of credentials; crypto implements it.
import type { TokenClaims, TransportHolder, TransportKey } from "../access-tokens/transport.ts";
import type { SignedHead, StreamHead } from "../audit/entry.ts";
import type { Segment, SignedSegment } from "../audit/segment.ts";
import type { CallerKind } from "../caller.ts";
import type { Plaintext } from "../plaintext.ts";
import type { InternalKeyRecord, KeyRecord } from "../ports.ts";
import type { SealedValue } from "../secrets/secret.ts";
import type { ResealedInternalKey } from "./installation.ts";
import type { RootKeeper } from "./root.ts";

/** What a sealed value is bound to: opened under any other address it is an error. */
export interface Address {
  readonly organizationId: string;
  readonly secretId: string;
  readonly versionId: string;
}

export interface AuthorityKey {
  readonly pkcs8: Uint8Array;
  /** SPKI, base64. */
  readonly publicKey: string;
}

/** One sealed value at its address, read once to be opened often. */
export interface Opening {
  /** As `Keyring.open`, without waiting; null where that cannot be. */
  atOnce(): Plaintext | null;
}

export interface Keyring {
  readonly installationId: string;
  /** Seals under the organization's current term; reserves a block of seals first when one ran out. */
  seal(address: Address, value: Plaintext): Promise<SealedValue>;
  /** Throws `value.integrity`, naming the secret, when the bytes do not belong to the address. */
  open(address: Address, sealed: Uint8Array): Promise<Plaintext>;
  /** Throws `value.integrity` where the bytes can be no sealed value. */
  opening(address: Address, sealed: Uint8Array): Opening;
  /** From one address to another without the value leaving the keyring. */
  reseal(from: Address, sealed: Uint8Array, to: Address): Promise<SealedValue>;
  /** The keyed hash that `seal` stores, for comparing a value with a stored one. */
  fingerprint(address: Address, value: Plaintext): Uint8Array;
  /** A keyed hash that binds a value to its address, for a backend that holds it as it is. */
  authenticate(address: Address, value: Plaintext): Uint8Array;
  /** A new key for an organization, to be inserted in the transaction that begins the term. */
  newOrganizationKey(organizationId: string, at: number, term?: number): KeyRecord;
  /** The organization's keys changed in the tables: the next call looks again. */
  forget(organizationId: string): void;
  /** A new key for the installation, with every internal key sealed under it, as they lie in the tables. */
  newInstallationKey(
    stored: { readonly keys: readonly KeyRecord[]; readonly internalKeys: readonly InternalKeyRecord[] },
    term: number,
    at: number,
  ): { readonly key: KeyRecord; readonly internalKeys: readonly ResealedInternalKey[] };
  /** The same key wrapped by another root key. */
  rewrap(key: KeyRecord, rootKeyId: string): Uint8Array;
  /** The root keys this server's provider has, and the one that it would have wrap. */
  rootKeys(): {
    readonly active: string;
    readonly held: readonly string[];
    /** With those that it had earlier. */
    readonly known: readonly string[];
    /** By the ids of those that are held. */
    readonly keepers: ReadonlyMap<string, RootKeeper>;
  };
  /** Asks the provider again. Throws `key.unreadable`, and keeps what it has, where the answer is of no use. */
  rereadRoots(): Promise<void>;
  /** New keys are wrapped by this root key from now on; it need not be the provider's. */
  wrapUnder(rootKeyId: string): void;
  signHead(head: StreamHead, at: number): SignedHead;
  signSegment(segment: Segment): SignedSegment;
  /** The key of a local certificate authority (PKCS #8), sealed to lie in the tables; the bytes are wiped. */
  sealAuthority(keys: readonly KeyRecord[], authority: AuthorityKey, at: number): InternalKeyRecord;
  /** Its bytes; who takes them wipes them. Throws `value.integrity`. */
  openAuthority(keys: readonly KeyRecord[], record: InternalKeyRecord): Uint8Array;
  /** A token of this server's own, for a client that takes no other: a JWT of these claims. */
  signToken(claims: TokenClaims): string;
  /** Null for what this server did not sign. Whether it still holds is not its business. */
  verifyToken(text: string): TokenClaims | null;
  transportKey(holder: TransportHolder): TransportKey;
  /** The same as text, for who gives it to his own client: base64 of its 64 bytes. */
  transportText(holder: TransportHolder): string;
  /** A payload that carries the holder's transport key to a client who has this key. */
  transportPayload(holder: TransportHolder, tokenKey: Uint8Array): string;
}

/** The text of a credential is shown once, to whom it is for; what is kept is its hash. */
export interface Minted {
  readonly text: string;
  readonly hash: Uint8Array;
}

export interface MintedAccessToken extends Minted {
  readonly tokenKey: Uint8Array;
}

export interface Minting {
  token(kind: Exclude<CallerKind, "system">, id: string): Minted;
  invitation(id: string): Minted;
  /** Of a machine's access token: shown once, beside the key under which its payload is to be sealed. */
  accessToken(id: string): MintedAccessToken;
  /** The same where the client makes the seed and only the secret is ours. */
  clientSecret(): Minted;
  hashClientSecret(secret: string): Uint8Array;
  /** Null for whatever is not exactly the code of an invitation. */
  readInvitation(code: string): { readonly id: string; readonly hash: Uint8Array } | null;
}
