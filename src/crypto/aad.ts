// The one encoding under every binding of this room: a list of strings, each behind its length.
// It knows no keys and no meaning of the parts. Two different lists never give the same bytes.
import { CofferError } from "../core/errors.ts";

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Each part as u32 big-endian length and UTF-8 bytes, one after another. `before` is an encoded
 * beginning that is already at hand: canonical([c], canonical([a, b])) is canonical([a, b, c]).
 */
export function canonical(parts: readonly string[], before: Uint8Array = nothing): Buffer {
  let size = before.length;
  for (const part of parts) {
    // A lone surrogate would be written as U+FFFD, and two lists would share one encoding.
    if (!part.isWellFormed()) throw new CofferError("internal", "A bound name is not well-formed text.");
    size += 4 + Buffer.byteLength(part);
  }
  const bytes = Buffer.allocUnsafe(size);
  bytes.set(before, 0);
  let at = before.length;
  for (const part of parts) {
    const length = bytes.write(part, at + 4);
    bytes.writeUInt32BE(length, at);
    at += 4 + length;
  }
  return bytes;
}
