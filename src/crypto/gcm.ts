// AES-256-GCM as every format of this room uses it: 96-bit nonce, 128-bit tag behind the
// ciphertext. It knows no formats. Nothing decrypted leaves before its tag was checked.
import { createCipheriv, createDecipheriv, type KeyObject } from "node:crypto";

export const keyBytes = 32;
export const nonceBytes = 12;
export const tagBytes = 16;

const algorithm = "aes-256-gcm";
const options = { authTagLength: tagBytes } as const;

/**
 * header || nonce || ciphertext || tag, in memory of its own: a slice of a shared pool would take
 * its neighbours along when it travels to another thread.
 */
export function encrypt(
  key: KeyObject,
  header: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Buffer {
  const cipher = createCipheriv(algorithm, key, nonce, options);
  cipher.setAAD(aad);
  const at = header.length + nonce.length;
  const sealed = Buffer.allocUnsafeSlow(at + plain.length + tagBytes);
  sealed.set(header, 0);
  sealed.set(nonce, header.length);
  sealed.set(cipher.update(plain), at);
  cipher.final();
  sealed.set(cipher.getAuthTag(), at + plain.length);
  return sealed;
}

/** What `encrypt` wrote behind the header, taken apart. */
export interface Box {
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** Null when it is too short to be one. */
export function boxOf(body: Uint8Array): Box | null {
  const end = body.length - tagBytes;
  if (end < nonceBytes) return null;
  return {
    nonce: body.subarray(0, nonceBytes),
    ciphertext: body.subarray(nonceBytes, end),
    tag: body.subarray(end),
  };
}

/** Null when the tag does not fit. */
export function decrypt(key: KeyObject, box: Box | null, aad: Uint8Array): Buffer | null {
  if (box === null) return null;
  const decipher = createDecipheriv(algorithm, key, box.nonce, options);
  decipher.setAAD(aad);
  decipher.setAuthTag(box.tag);
  const plain = decipher.update(box.ciphertext);
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return null;
  }
  return plain;
}
