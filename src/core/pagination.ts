// Where a list goes on. A cursor names a position and the list it came from, nothing secret:
// what a caller may see is decided anew for every page.
import { hash } from "node:crypto";
import { CofferError } from "./errors.ts";
import { limits } from "./limits.ts";

/** A place in a sorted list: the sort key of the last item shown and its id, which breaks ties. */
export interface Position {
  readonly key: string | number | null;
  readonly id: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: Position | null;
}

/** Cuts a list that was read one longer than asked, which is how one knows that more follows. */
export function pageOf<T>(rows: readonly T[], limit: number, position: (item: T) => Position): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? position(last) : null };
}

/** `list` names the list with its filters and order, so that a cursor fits no other one. */
export function encodeCursor(list: string, position: Position): string {
  return Buffer.from(JSON.stringify([digest(list), position.key, position.id])).toString("base64url");
}

export function decodeCursor(list: string, cursor: string): Position {
  if (cursor.length > limits.cursorCharactersMax) throw foreign();
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw foreign(cause);
  }
  if (!Array.isArray(parts) || parts.length !== 3) throw foreign();
  const [of, key, id]: unknown[] = parts;
  if (of !== digest(list) || typeof id !== "string" || !isKey(key)) throw foreign();
  return { key, id };
}

function isKey(key: unknown): key is Position["key"] {
  return key === null || typeof key === "string" || Number.isSafeInteger(key);
}

function digest(list: string): string {
  return hash("sha256", list, "base64url").slice(0, 16);
}

function foreign(cause?: unknown): CofferError {
  return new CofferError(
    "cursor.invalid",
    '"cursor" must be one that this list gave for the same filters and order',
    { field: "cursor" },
    { cause },
  );
}
