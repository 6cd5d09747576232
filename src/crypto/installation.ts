// The keys of a new installation: everything that its first transaction inserts. It knows no
// tables and makes no root key. Nothing here is of use without the root key that wrapped it.
import { type KeyObject, randomBytes } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Ids } from "../core/ids.ts";
import type { Installation, InternalKeyRecord, KeyRecord } from "../core/ports.ts";
import { keyBytes } from "./gcm.ts";
import type { RootKey, RootKeys } from "./roots/keys.ts";
import { newSigningKey } from "./signing.ts";
import { intoKeyObject, sealInternalKey, type WrappedKeyPlace, wrapKey } from "./wrapping.ts";

export interface NewInstallation {
  readonly installation: Installation;
  readonly installationKey: KeyRecord;
  readonly internalKeys: readonly InternalKeyRecord[];
}

export function newInstallation(from: {
  readonly ids: Ids;
  readonly clock: Clock;
  readonly roots: RootKeys;
}): NewInstallation {
  const { ids, roots } = from;
  const createdAt = from.clock.now();
  const id = ids.next();
  const place = { organizationId: null, term: 1 };
  const { record, key } = newWrappedKey(ids.next(), roots.active, id, place, createdAt);

  const sealer = { installationId: id, term: record.term, key, at: createdAt };
  return {
    installation: { id, createdAt },
    installationKey: record,
    internalKeys: purposes.map((purpose) => newInternalKey(ids.next(), purpose, sealer)),
  };
}

const purposes = ["audit-signing", "fingerprint", "token-signing", "transport", "remote-values"] as const;

/** A fresh key for the server's own use, sealed under a term of the installation key. */
export function newInternalKey(
  id: string,
  purpose: InternalKeyRecord["purpose"],
  sealer: {
    readonly installationId: string;
    readonly term: number;
    readonly key: KeyObject;
    readonly at: number;
  },
): InternalKeyRecord {
  const pair = purpose.endsWith("-signing") ? newSigningKey() : null;
  const bytes = pair?.pkcs8 ?? randomBytes(keyBytes);
  const sealed = sealInternalKey(sealer.key, sealer.installationId, { id, purpose }, bytes);
  bytes.fill(0);
  const publicKey = pair?.spki.toString("base64") ?? null;
  return { id, purpose, term: sealer.term, sealed, publicKey, createdAt: sealer.at };
}

/** A fresh random key, wrapped for its place by the active root key. */
export function newWrappedKey(
  id: string,
  root: RootKey,
  installationId: string,
  place: WrappedKeyPlace,
  createdAt: number,
): { readonly record: KeyRecord; readonly key: KeyObject } {
  const bytes = randomBytes(keyBytes);
  const wrapped = wrapKey(root.key, installationId, place, bytes);
  return {
    record: { id, ...place, state: "current", rootKeyId: root.id, wrapped, sealsReserved: 0, createdAt },
    key: intoKeyObject(bytes),
  };
}
