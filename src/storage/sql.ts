// One SQL text for both engines: numbered $1 parameters, no engine's own functions. What must
// differ is named here and nowhere else.

export type SqlValue = string | number | null | Uint8Array;

export type Lock = "SHARE" | "KEY SHARE" | "UPDATE";

/** A statement with the type of its rows. Made once, at module level; engines prepare it once. */
export interface Statement<Row> {
  readonly text: string;
  /** What PostgreSQL appends after FOR; SQLite has one writer and needs no lock. */
  readonly lock: Lock | null;
  /** Never set: it only carries the row's type. */
  readonly row?: Row;
}

export function sql<Row = never>(
  parts: TemplateStringsArray,
  ...inserted: readonly string[]
): Statement<Row> {
  return { text: String.raw({ raw: parts }, ...inserted).trim(), lock: null };
}

/** The same statement, holding what it read against writers until the commit. */
export function sharing<Row>(statement: Statement<Row>): Statement<Row> {
  return { text: statement.text, lock: "SHARE" };
}

/** Holds what it read against those who claim it until the commit, and holds up no other change of it. */
export function pinning<Row>(statement: Statement<Row>): Statement<Row> {
  return { text: statement.text, lock: "KEY SHARE" };
}

/** Waits until nobody holds what it read, however weakly. */
export function claiming<Row>(statement: Statement<Row>): Statement<Row> {
  return { text: statement.text, lock: "UPDATE" };
}

/**
 * The first of the conditions of what may look at very many rows of a table: a place where SQLite's
 * readers stop for a moment (sqlite/pauses.ts). To everybody else it is a comment.
 */
export function pausingAt(alias: string): string {
  return `/* may pause at ${alias} */`;
}

/** The end of a select that passes over rows which another transaction holds. To SQLite it is a comment. */
export const unlessHeld = "/* unless held */";

/** What a repository runs statements on: a connection inside a transaction. */
export interface Queryable {
  one<Row>(statement: Statement<Row>, values: readonly SqlValue[]): Promise<Row | undefined>;
  all<Row>(statement: Statement<Row>, values: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Answers how many rows changed. A broken unique index throws `UniqueViolation`. */
  run(statement: Statement<unknown>, values: readonly SqlValue[]): Promise<number>;
}

/** A unique index refused a row. `constraint` is the index's own name. */
export class UniqueViolation extends Error {
  override readonly name = "UniqueViolation";
  readonly constraint: string;

  constructor(constraint: string, options?: ErrorOptions) {
    super(`unique index ${constraint}`, options);
    this.constraint = constraint;
  }
}
