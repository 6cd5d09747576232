// What a start opens before it serves: the installation's key by its terms, and the few keys that lie sealed
// under it. Keeps: a key that is not what its row says, or of the wrong size, is refused here and nowhere
// later, so that what only looks whether a start would come about asks the same of it.
import { createPublicKey, type KeyObject } from "node:crypto";
import { CofferError } from "../core/errors.ts";
import type { InternalKeyRecord, KeyRecord } from "../core/ports.ts";
import { keyBytes } from "./gcm.ts";
import type { JwtKey } from "./jwt.ts";
import type { RootKeys } from "./roots/keys.ts";
import { type SigningKey, signingKeyFrom, signingKeyId } from "./signing.ts";
import { damagedKey, intoKeyObject, openInternalKey, unwrapKey } from "./wrapping.ts";

interface OpenSource {
  readonly installationId: string;
  /** All terms of the installation key. */
  readonly keys: readonly KeyRecord[];
  readonly internalKeys: readonly InternalKeyRecord[];
  readonly roots: RootKeys;
  /** The root key that the installation has for new keys; null: the provider's active one. */
  readonly wrapsUnder: string | null;
}

/** What the keyring holds beside organization keys. */
export interface OpenKeys {
  /** All that were ever given to this process. */
  roots: RootKeys;
  /** Those that the provider had when it was last asked. */
  given: RootKeys;
  wrapsUnder: string | null;
  readonly signing: SigningKey;
  readonly fingerprint: KeyObject;
  /** The installation key by its terms, oldest first, until the start is over. */
  installation: ReadonlyMap<number, KeyObject>;
  late: LateKeys;
}

/** Keys that came with a later release: an installation from before it has none until its next start. */
export interface LateKeys {
  readonly tokens: JwtKey | null;
  readonly transport: KeyObject | null;
  readonly remoteValues: KeyObject | null;
}

export const lateNames = {
  "token-signing": "tokens",
  transport: "transport",
  "remote-values": "remoteValues",
} as const;
export const latePurposes = ["token-signing", "transport", "remote-values"] as const;

export function lateKeys(
  installation: ReadonlyMap<number, KeyObject>,
  installationId: string,
  internalKeys: readonly InternalKeyRecord[],
): LateKeys {
  const find = (purpose: InternalKeyRecord["purpose"]) => {
    const record = newestOf(internalKeys, purpose);
    return record && { record, bytes: openedInternal(installation, installationId, record) };
  };
  const signing = find("token-signing");
  const symmetric = (purpose: "transport" | "remote-values") => {
    const found = find(purpose);
    if (found !== null && found.bytes.length !== keyBytes) throw damagedKey(found.record.id);
    return found && intoKeyObject(found.bytes);
  };
  const pair = signing && signingKeyFrom(signing.bytes);
  signing?.bytes.fill(0);
  if (signing !== null && pair === null) throw damagedKey(signing.record.id);
  return {
    tokens: pair && { ...pair, public: createPublicKey(pair.private) },
    transport: symmetric("transport"),
    remoteValues: symmetric("remote-values"),
  };
}

function newestOf(
  internalKeys: readonly InternalKeyRecord[],
  purpose: InternalKeyRecord["purpose"],
): InternalKeyRecord | null {
  const [record = null] = internalKeys
    .filter((key) => key.purpose === purpose)
    .sort((one, other) => other.createdAt - one.createdAt || (other.id > one.id ? 1 : -1));
  return record;
}

/** Throws where a start would be sealed. */
export function openKeys({ installationId, roots, wrapsUnder, keys, internalKeys }: OpenSource): OpenKeys {
  const installation = installationKeys(roots, installationId, keys);
  function newest(purpose: InternalKeyRecord["purpose"]): { record: InternalKeyRecord; bytes: Buffer } {
    const record = newestOf(internalKeys, purpose);
    if (record === null) throw new CofferError("internal", `The installation has no key for ${purpose}.`);
    return { record, bytes: openedInternal(installation, installationId, record) };
  }
  const fingerprint = newest("fingerprint");
  const audit = newest("audit-signing");
  const signing = signingKeyFrom(audit.bytes);
  audit.bytes.fill(0);
  if (signing === null || !isOf(signing, audit.record)) throw damagedKey(audit.record.id);
  if (fingerprint.bytes.length !== keyBytes) throw damagedKey(fingerprint.record.id);
  const late = lateKeys(installation, installationId, internalKeys);
  const opened = { roots, given: roots, wrapsUnder, installation, late };
  return { ...opened, signing, fingerprint: intoKeyObject(fingerprint.bytes) };
}

/** Whether the public half that lies in the clear is this key's: who can write the database can put one of his there. */
export function isOf({ id }: SigningKey, { publicKey }: Pick<InternalKeyRecord, "publicKey">): boolean {
  return id === signingKeyId(Buffer.from(publicKey ?? "", "base64"));
}

export function installationKeys(
  roots: RootKeys,
  installationId: string,
  keys: readonly KeyRecord[],
): ReadonlyMap<number, KeyObject> {
  const usable = keys.filter(({ state }) => state !== "destroyed");
  return new Map(usable.map((record) => [record.term, unwrap(roots, installationId, record)]));
}

export function openedInternal(
  sealers: ReadonlyMap<number, KeyObject>,
  installationId: string,
  record: InternalKeyRecord,
): Buffer {
  const sealer = sealers.get(record.term);
  if (sealer === undefined) throw damagedKey(record.id);
  return openInternalKey(sealer, installationId, record);
}

export function lacksRoot(rootKeyId: string): CofferError {
  return new CofferError("server.sealed", `This server was not given the root key ${rootKeyId}.`);
}

export function unwrap(roots: RootKeys, installationId: string, record: KeyRecord): KeyObject {
  const root = roots.find(record.rootKeyId);
  if (root === null) throw lacksRoot(record.rootKeyId);
  return unwrapKey(root.key, installationId, record);
}
