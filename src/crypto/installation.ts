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

  function internalKey(purpose: InternalKeyRecord["purpose"], bytes: Buffer, publicKey: string | null) {
    const name = { id: ids.next(), purpose };
    const sealed = sealInternalKey(key, id, name, bytes);
    bytes.fill(0);
    return { ...name, term: record.term, sealed, publicKey, createdAt };
  }

  const signing = newSigningKey();
  return {
    installation: { id, createdAt },
    installationKey: record,
    internalKeys: [
      internalKey("audit-signing", signing.pkcs8, signing.spki.toString("base64")),
      internalKey("fingerprint", randomBytes(keyBytes), null),
    ],
  };
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
