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

/** What follows a header: nonce || ciphertext || tag. Null when the tag does not fit. */
export function decrypt(key: KeyObject, body: Uint8Array, aad: Uint8Array): Buffer | null {
  const end = body.length - tagBytes;
  if (end < nonceBytes) return null;
  const decipher = createDecipheriv(algorithm, key, body.subarray(0, nonceBytes), options);
  decipher.setAAD(aad);
  decipher.setAuthTag(body.subarray(end));
  const plain = decipher.update(body.subarray(nonceBytes, end));
  try {
    decipher.final();
  } catch {
    plain.fill(0);
    return null;
  }
  return plain;
}
