// Ids are UUIDv7: they sort by creation within a process, across processes only roughly,
// so nothing may page by id alone across nodes.
import { randomFillSync } from "node:crypto";
import type { Clock } from "./clock.ts";

export interface Ids {
  next(): string;
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Text of this form is always an id, never a slug or (unless forced) a name. */
export function isUuid(text: string): boolean {
  return uuidForm.test(text);
}

const poolIds = 256;
const idBytes = 10;
/** Two digits each. */
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/**
 * RFC 9562 version 7: 48 bits of time, a 12-bit counter that keeps the order, 62 random bits. Every request
 * takes one, so what many of them share is made once.
 */
export function uuidv7(clock: Clock): Ids {
  const pool = Buffer.alloc(poolIds * idBytes);
  let used = poolIds;
  let lastMs = 0;
  let counter = 0;
  let shownMs = 0;
  let shown = "";
  const timeOf = (ms: number): string => {
    if (ms !== shownMs) {
      const time = ms.toString(16).padStart(12, "0");
      shown = `${time.slice(0, 8)}-${time.slice(8)}`;
      shownMs = ms;
    }
    return shown;
  };
  const byteAt = (at: number): number => pool[at] ?? 0;
  return {
    next() {
      if (used === poolIds) {
        randomFillSync(pool);
        used = 0;
      }
      const at = used * idBytes;
      used += 1;
      const now = clock.now();
      if (now > lastMs) {
        lastMs = now;
        counter = pool.readUInt16BE(at) & 0x7ff; // the upper half is left to count into
      } else {
        counter += 1;
        if (counter > 0xfff) {
          lastMs += 1;
          counter = 0;
        }
      }
      const sequence = `${hex[0x70 | (counter >> 8)]}${hex[counter & 0xff]}`;
      const variant = `${hex[0x80 | (byteAt(at + 2) & 0x3f)]}${hex[byteAt(at + 3)]}`;
      const random = pool.toString("hex", at + 4, at + idBytes);
      return `${timeOf(lastMs)}-${sequence}-${variant}-${random}`;
    },
  };
}
