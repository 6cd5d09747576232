// Positions in lists come out of cursors, and a cursor may be forged: what no column could hold is
// refused as a foreign cursor before an engine fails on it.
import { CofferError } from "../../core/errors.ts";
import type { Position } from "../../core/pagination.ts";

export function demandPlace({ key, id }: Position, expected: "number" | "string"): void {
  const fits = typeof key === "string" ? isHoldable(key) : Number.isSafeInteger(key);
  if (typeof key !== expected || !fits || !isHoldable(id)) throw foreignCursor();
}

export function foreignCursor(): CofferError {
  const rule = "must be one that this list gave for the same filters and order";
  return new CofferError("cursor.invalid", `"cursor" ${rule}`, { field: "cursor" });
}

function isHoldable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}
