// Keys under keys: organization and installation keys wrapped by a root key, internal keys sealed
// under the installation key. It knows neither where root keys come from nor where records lie.
// A key opens only for its own purpose, installation, organization and term.
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { InternalKeyRecord, KeyRecord } from "../core/ports.ts";
import { canonical } from "./aad.ts";
import { boxOf, decrypt, encrypt, keyBytes, nonceBytes, tagBytes } from "./gcm.ts";

export const wrappedKeyFormat = "coffer/wrapped-key/1";
export const internalKeyFormat = "coffer/internal-key/1";

const wrappedByte = 0x02;
const internalByte = 0x03;
const overheadBytes = 1 + nonceBytes + tagBytes;

/** What a wrapped key is for; `organizationId` is null for the installation key. */
export type WrappedKeyPlace = Pick<KeyRecord, "organizationId" | "term">;
export type InternalKeyPlace = Pick<InternalKeyRecord, "id" | "purpose">;

export function damagedKey(keyId: string): CofferError {
  return new CofferError(
    "value.integrity",
    `The key ${keyId} does not open: it was changed, or belongs to another installation or place.`,
  );
}

function wrappedBinding(installationId: string, place: WrappedKeyPlace): Buffer {
  const purpose = place.organizationId === null ? "installation-key" : "organization-key";
  return canonical([
    wrappedKeyFormat,
    purpose,
    installationId,
    place.organizationId ?? "",
    String(place.term),
  ]);
}

function internalBinding(installationId: string, place: InternalKeyPlace): Buffer {
  return canonical([internalKeyFormat, place.purpose, installationId, place.id]);
}

export function wrapKey(
  root: KeyObject,
  installationId: string,
  place: WrappedKeyPlace,
  key: Uint8Array,
  nonce: Uint8Array = randomBytes(nonceBytes),
): Buffer {
  return encrypt(root, Uint8Array.of(wrappedByte), nonce, wrappedBinding(installationId, place), key);
}

export function unwrapKey(
  root: KeyObject,
  installationId: string,
  record: WrappedKeyPlace & Pick<KeyRecord, "id" | "wrapped">,
): KeyObject {
  const { wrapped } = record;
  if (wrapped.length !== overheadBytes + keyBytes || wrapped[0] !== wrappedByte) throw damagedKey(record.id);
  const key = decrypt(root, boxOf(wrapped.subarray(1)), wrappedBinding(installationId, record));
  if (key === null) throw damagedKey(record.id);
  return intoKeyObject(key);
}

export function sealInternalKey(
  installationKey: KeyObject,
  installationId: string,
  place: InternalKeyPlace,
  key: Uint8Array,
  nonce: Uint8Array = randomBytes(nonceBytes),
): Buffer {
  const binding = internalBinding(installationId, place);
  return encrypt(installationKey, Uint8Array.of(internalByte), nonce, binding, key);
}

/** The bytes of an internal key; who takes them wipes them. */
export function openInternalKey(
  installationKey: KeyObject,
  installationId: string,
  record: InternalKeyPlace & Pick<InternalKeyRecord, "sealed">,
): Buffer {
  const { sealed } = record;
  if (sealed.length <= overheadBytes || sealed.length > overheadBytes + limits.internalKeyBytesMax) {
    throw damagedKey(record.id);
  }
  if (sealed[0] !== internalByte) throw damagedKey(record.id);
  const key = decrypt(installationKey, boxOf(sealed.subarray(1)), internalBinding(installationId, record));
  if (key === null) throw damagedKey(record.id);
  return key;
}

/** A key object wipes its own copy when it is let go, prints nothing, and the bytes end here. */
export function intoKeyObject(key: Buffer): KeyObject {
  const object = createSecretKey(key);
  key.fill(0);
  return object;
}
