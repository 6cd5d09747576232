// Whether a backend holds our envelope or the value itself, and what that looks like to its other users.
import { BackendError } from "../core/backends/port.ts";

/** Marks of byte order belong to the text, so that the same bytes come back. */
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A value as text; values of Coffer are. */
export function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (cause) {
    throw new BackendError("invalid", null, { cause });
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
