// EncStrings of type 2, the form in which Bitwarden's clients send and take names and values:
// AES-256-CBC and HMAC-SHA-256 over IV and ciphertext, checked before anything is decrypted. The form
// is theirs (specs/bitwarden.md 1.3); it protects the way between a client and this server, and what
// lies in the database is sealed by the keyring.
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const ivBytes = 16;
/** The first half encrypts, the second authenticates. */
export const encStringKeyBytes = 64;

// Standard base64 with padding: 16 bytes, whole blocks, 32 bytes.
const form = /^2\.([A-Za-z0-9+/]{22}==)\|([A-Za-z0-9+/]+={0,2})\|([A-Za-z0-9+/]{43}=)$/;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function sealEncString(key: Uint8Array, text: string, iv: Uint8Array = randomBytes(ivBytes)): string {
  const { enc, mac } = halves(key);
  const cipher = createCipheriv("aes-256-cbc", enc, iv);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  const tag = macOf(mac, iv, sealed);
  return `2.${Buffer.from(iv).toString("base64")}|${sealed.toString("base64")}|${tag.toString("base64")}`;
}

/** Null for whatever is not an EncString of this key over UTF-8: one answer for every reason. */
export function openEncString(key: Uint8Array, text: string): string | null {
  const parts = form.exec(text);
  if (parts === null) return null;
  const texts = parts.slice(1);
  const [iv, sealed, tag] = texts.map((part) => Buffer.from(part, "base64"));
  if (iv === undefined || sealed === undefined || tag === undefined) return null;
  // Bits beyond the last byte are ignored in decoding: only one text stands for these bytes.
  if ([iv, sealed, tag].some((bytes, at) => bytes.toString("base64") !== texts[at])) return null;
  if (sealed.length % ivBytes !== 0) return null;
  const { enc, mac } = halves(key);
  if (!timingSafeEqual(macOf(mac, iv, sealed), tag)) return null;
  try {
    const cipher = createDecipheriv("aes-256-cbc", enc, iv);
    const bytes = Buffer.concat([cipher.update(sealed), cipher.final()]);
    const opened = utf8.decode(bytes);
    bytes.fill(0);
    return opened;
  } catch {
    return null;
  }
}

function halves(key: Uint8Array): { readonly enc: Uint8Array; readonly mac: Uint8Array } {
  return { enc: key.subarray(0, encStringKeyBytes / 2), mac: key.subarray(encStringKeyBytes / 2) };
}

function macOf(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Buffer {
  return createHmac("sha256", key).update(iv).update(sealed).digest();
}
