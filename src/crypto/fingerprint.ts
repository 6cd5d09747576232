// The keyed hash of a value: tells whether a value equals the stored one without opening it. It is
// bound to the secret, so equal values of two secrets differ and a table of them tells nothing.
import { createHmac, type KeyObject } from "node:crypto";
import type { Address } from "../core/ports.ts";
import { canonical } from "./aad.ts";

export const fingerprintFormat = "coffer/fingerprint/1";

/** The value stands last and without its length: what is before it ends by itself. */
export function fingerprintOf(
  key: KeyObject,
  address: Pick<Address, "organizationId" | "secretId">,
  value: Uint8Array,
): Buffer {
  return hmac(key, canonical([fingerprintFormat, address.organizationId, address.secretId]), value);
}

export const remoteValueFormat = "coffer/remote-value/1";

/** What a value that lies elsewhere as it is must give again: it is bound to its very version. */
export function authenticated(
  key: KeyObject,
  installationId: string,
  { organizationId, secretId, versionId }: Address,
  value: Uint8Array,
): Buffer {
  const place = [remoteValueFormat, installationId, organizationId, secretId, versionId];
  return hmac(key, canonical(place), value);
}

export function hmac(key: KeyObject, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}
