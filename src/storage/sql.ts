// One SQL text for both engines: numbered $1 parameters, no engine's own functions. What must
// differ is named here and nowhere else.

export type SqlValue = string | number | null | Uint8Array;

/** A statement with the type of its rows. Made once, at module level; engines prepare it once. */
export interface Statement<Row> {
  readonly text: string;
  /** PostgreSQL appends FOR SHARE; SQLite has one writer and needs no lock. */
  readonly lock: "share" | null;
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
  return { text: statement.text, lock: "share" };
}

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
