// A sealed value, format 1: how it is written, read and bound to its address. It knows no tables
// and looks for no keys. A value opens under its own address or not at all, never as another.
// The written definition is docs/reference/envelope-format.md.
import { type KeyObject, randomBytes } from "node:crypto";
import { CofferError, invalid } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Address } from "../core/ports.ts";
import { canonical } from "./aad.ts";
import { type Box, boxOf, decrypt, encrypt, nonceBytes, tagBytes } from "./gcm.ts";

export const valueFormat = "coffer/value/1";

const formatByte = 0x01;
const headerBytes = 5;
export const envelopeOverheadBytes = headerBytes + nonceBytes + tagBytes;

export interface Envelope {
  readonly term: number;
  readonly box: Box;
}

/** Why a value did not open. It goes to the log as the error's cause; the caller is told the object alone. */
export type Flaw =
  | "truncated"
  | "too-long"
  | "unknown-format"
  | "unknown-term"
  | "does-not-open"
  | "not-text";

export function damagedValue(address: Address, flaw: Flaw): CofferError {
  return new CofferError(
    "value.integrity",
    `The sealed value of secret ${address.secretId}, version ${address.versionId}, does not open: ` +
      "it was changed, or belongs to another place.",
    {},
    { cause: flaw },
  );
}

/** The part of the binding that all values of an organization share. */
export function organizationBinding(installationId: string, organizationId: string): Buffer {
  return canonical([valueFormat, installationId, organizationId]);
}

/** `field` is always the value today; it keeps a later second field from passing for the first. */
export function valueBinding(organization: Uint8Array, address: Address): Buffer {
  return canonical([address.secretId, address.versionId, "value"], organization);
}

export function sealValue(
  key: KeyObject,
  term: number,
  binding: Uint8Array,
  value: Uint8Array,
  nonce: Uint8Array = randomBytes(nonceBytes),
): Buffer {
  if (value.length > limits.valueBytesMax) {
    throw invalid("value", `must have at most ${limits.valueBytesMax} bytes of UTF-8`, {
      limit: limits.valueBytesMax,
    });
  }
  const header = Buffer.allocUnsafe(headerBytes);
  header[0] = formatByte;
  header.writeUInt32BE(term, 1);
  return encrypt(key, header, nonce, binding, value);
}

export function parseEnvelope(sealed: Uint8Array, address: Address): Envelope {
  const box = boxOf(sealed.subarray(headerBytes));
  if (box === null) throw damagedValue(address, "truncated");
  if (sealed.length > envelopeOverheadBytes + limits.valueBytesMax) throw damagedValue(address, "too-long");
  if (sealed[0] !== formatByte) throw damagedValue(address, "unknown-format");
  const term = new DataView(sealed.buffer, sealed.byteOffset, headerBytes).getUint32(1);
  return { term, box };
}

export function openValue(key: KeyObject, envelope: Envelope, binding: Uint8Array, address: Address): Buffer {
  const value = decrypt(key, envelope.box, binding);
  if (value === null) throw damagedValue(address, "does-not-open");
  return value;
}

// ignoreBOM keeps a leading U+FEFF: a value is given back byte for byte.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The value as text; the bytes are wiped. One decode of the whole is faster than decoding while deciphering. */
export function textOf(value: Buffer, address: Address): string {
  try {
    return utf8.decode(value);
  } catch {
    throw damagedValue(address, "not-text");
  } finally {
    value.fill(0);
  }
}
