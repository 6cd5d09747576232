// Ids that follow from others, for what is written down once for each of them.
import { hash } from "node:crypto";

export function childId(kind: string, of: string): string {
  return `${kind}-${hash("sha256", of, "hex").slice(0, 32)}`;
}

/** When an id of version 7 was made. */
export function madeAt(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
