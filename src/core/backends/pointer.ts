// What stands in a version's row in the place of its sealed bytes when these lie in another backend: which
// one, under which names, and, where the value lies there as it is, the keyed hash that it must give.
// Pure. A sealed value begins with 0x01, a pointer with 0x04; whatever else is neither.
// The written definition is docs/reference/envelope-format.md.
import { limits } from "../limits.ts";

export interface Pointer {
  readonly backend: string;
  readonly writeId: string;
  readonly ref: string;
  readonly version: string;
  /** Null: what lies there is sealed, and is bound to its place by itself. */
  readonly mac: Uint8Array | null;
}

const formatByte = 0x04;
const macBytes = 32;
const idBytes = 16;
const fixedBytes = 1 + 1 + 1 + idBytes + 2 + 2;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function isPointer(stored: Uint8Array): boolean {
  return stored[0] === formatByte;
}

/** format, whether a hash follows, name of the backend, id of the write, ref, version, hash. */
export function writePointer({ backend, writeId, ref, version, mac }: Pointer): Uint8Array {
  const texts = [backend, ref, version].map((text) => Buffer.from(text));
  const [name = Buffer.alloc(0), place = Buffer.alloc(0), number = Buffer.alloc(0)] = texts;
  const id = Buffer.from(writeId.replaceAll("-", ""), "hex");
  const tooLong = name.length > limits.backendNameCharactersMax || place.length > limits.remoteRefBytesMax;
  if (tooLong || number.length > limits.remoteRefBytesMax || id.length !== idBytes) {
    throw new RangeError("a backend gave a name that is too long to be kept");
  }
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(place.length, 0);
  lengths.writeUInt16BE(number.length, 2);
  return Buffer.concat([
    Buffer.from([formatByte, mac === null ? 0 : 1, name.length]),
    name,
    id,
    lengths,
    place,
    number,
    mac ?? Buffer.alloc(0),
  ]);
}

/** Null for what `writePointer` has not written. */
export function readPointer(stored: Uint8Array): Pointer | null {
  const [format, hashed, nameBytes = 0] = stored;
  if (format !== formatByte || (hashed !== 0 && hashed !== 1)) return null;
  if (stored.length < fixedBytes + nameBytes) return null;
  const view = Buffer.from(stored.buffer, stored.byteOffset, stored.length);
  const idAt = 3 + nameBytes;
  const refAt = idAt + idBytes + 4;
  const versionAt = refAt + view.readUInt16BE(idAt + idBytes);
  const macAt = versionAt + view.readUInt16BE(idAt + idBytes + 2);
  if (stored.length !== macAt + (hashed === 1 ? macBytes : 0)) return null;
  try {
    return {
      backend: utf8.decode(view.subarray(3, idAt)),
      writeId: idOf(view.toString("hex", idAt, idAt + idBytes)),
      ref: utf8.decode(view.subarray(refAt, versionAt)),
      version: utf8.decode(view.subarray(versionAt, macAt)),
      mac: hashed === 1 ? view.subarray(macAt) : null,
    };
  } catch {
    return null;
  }
}

function idOf(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
