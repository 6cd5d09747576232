// What SQLite's error numbers mean for us: a refused row, a mistake of one body, or a failing engine.
import type { DatabaseSync } from "node:sqlite";

const constraint = 19;
const full = 13;
/** SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY, _ROWID. */
export const uniqueErrors: ReadonlySet<number> = new Set([2067, 1555, 2579]);
/** SQLITE_ERROR: while a statement is compiled, its text is wrong. */
export const mistakeErrors: ReadonlySet<number> = new Set([1]);

export function constraintErrors(errcode: number): boolean {
  return (errcode & 0xff) === constraint;
}

/** Whether the disk was full: nothing is in doubt then, there was only no space. */
export function isFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return errcodeOf(error) === full || isFull(error.cause);
}

/** The engine's extended error number; null for an error that is not the engine's. */
export function errcodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode : null;
}

/**
 * The name of the index that refused a row. SQLite names the columns instead, unless the index is
 * over an expression; a primary key is named as PostgreSQL names it.
 */
export function violatedIndex(db: DatabaseSync, error: unknown): string {
  const text = error instanceof Error ? error.message.replace(/^UNIQUE constraint failed: /, "") : "";
  const named = /^index '(.+)'$/.exec(text)?.[1];
  if (named !== undefined) return named;
  const parts = text.split(", ").map((part) => part.split("."));
  const table = parts[0]?.[0] ?? "";
  const columns = parts.map((part) => part[1]).join();
  for (const index of db
    .prepare('SELECT name, origin FROM pragma_index_list(?1) WHERE "unique" = 1')
    .all(table)) {
    const rows = db.prepare("SELECT name FROM pragma_index_info(?1) ORDER BY seqno").all(String(index.name));
    if (rows.map((row) => row.name).join() !== columns) continue;
    return index.origin === "c" ? String(index.name) : `${table}_${index.origin === "pk" ? "pkey" : "key"}`;
  }
  return `${table}_pkey`; // the rowid itself has no index
}
