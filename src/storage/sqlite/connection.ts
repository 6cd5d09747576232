// One connection to the file, as what repositories run statements on. It knows no body and no
// group. After the engine itself failed it refuses every further statement: SQLite may have ended
// the transaction by itself, and what came next would be committed alone.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { EngineFailure } from "../engine.ts";
import { type Queryable, type SqlValue, type Statement, UniqueViolation } from "../sql.ts";
import { checkValues, mayWrite, parametersOf } from "../values.ts";
import { constraintErrors, errcodeOf, mistakeErrors, uniqueErrors, violatedIndex } from "./failures.ts";
import { pausing, withPauses } from "./pauses.ts";

export interface ConnectionOptions {
  readonly readOnly: boolean;
  readonly cacheKiB: number;
  /** How long a statement waits for a lock that another process holds. */
  readonly busyMs: number;
  /** A smaller disk for tests: the engine reports it full, for real. */
  readonly pagesMax?: number | undefined;
  /** For a thread that only scans: its statements stop now and then for a moment; see pauses.ts. */
  readonly pauses?: true;
  /** For a file that is thrown away unless it is finished and synced: no log, no undoing, no syncs. */
  readonly unsafely?: true;
}

interface Prepared {
  readonly native: StatementSync;
  readonly parameters: number;
  readonly writes: boolean;
}

export class SqliteConnection implements Queryable {
  /** Statements that may have written since the connection was opened. */
  writes = 0;
  readonly #native: DatabaseSync;
  readonly #prepared = new WeakMap<Statement<unknown>, Prepared>();
  readonly #control: Record<
    "begin" | "read" | "commit" | "rollback" | "save" | "undo" | "release",
    StatementSync
  >;
  readonly #pauses: boolean;
  #failed: unknown = null;
  #open = false;

  constructor(file: string, options: ConnectionOptions) {
    this.#native = new DatabaseSync(file, {
      readOnly: options.readOnly,
      timeout: options.busyMs,
      enableForeignKeyConstraints: true,
    });
    this.#pauses = options.pauses === true;
    try {
      this.#configure(options);
      this.#control = {
        begin: this.#native.prepare("BEGIN IMMEDIATE"),
        read: this.#native.prepare("BEGIN"),
        commit: this.#native.prepare("COMMIT"),
        rollback: this.#native.prepare("ROLLBACK"),
        save: this.#native.prepare("SAVEPOINT body"),
        undo: this.#native.prepare("ROLLBACK TO body"),
        release: this.#native.prepare("RELEASE body"),
      };
    } catch (error) {
      this.#native.close();
      throw error;
    }
  }

  #configure(options: ConnectionOptions): void {
    const set = (pragma: string) => this.#native.exec(`PRAGMA ${pragma}`);
    set(`cache_size = ${-options.cacheKiB}`);
    set("temp_store = MEMORY");
    if (this.#pauses) this.#native.function("pause", pausing());
    if (options.readOnly) return;
    if (options.unsafely === true) {
      set("journal_mode = OFF");
      set("synchronous = OFF");
      return;
    }
    set("journal_mode = WAL");
    // In WAL mode only FULL syncs at every commit; NORMAL would lose acknowledged writes.
    set("synchronous = FULL");
    set("secure_delete = ON");
    // The writer checkpoints between groups, after their answers went out.
    set("wal_autocheckpoint = 0");
    if (options.pagesMax !== undefined) set(`max_page_count = ${options.pagesMax}`);
  }

  /** What made the engine fail, null while it works. */
  get failed(): unknown {
    return this.#failed;
  }

  /** Whether the engine agrees that the transaction this connection began is still there. */
  get inTransaction(): boolean {
    return this.#open && this.#native.isTransaction;
  }

  begin(): void {
    this.#step("begin");
    this.#open = true;
  }

  /** A transaction that only reads: one snapshot from its first statement on. */
  beginRead(): void {
    this.#step("read");
    this.#open = true;
  }

  commit(): void {
    this.#step("commit");
    this.#open = false;
  }

  rollback(): void {
    this.#open = false;
    if (this.#native.isTransaction) this.#step("rollback");
  }

  save(): void {
    this.#step("save");
  }

  undo(): void {
    this.#step("undo");
    this.#step("release");
  }

  release(): void {
    this.#step("release");
  }

  #step(step: "begin" | "read" | "commit" | "rollback" | "save" | "undo" | "release"): void {
    if (this.#failed !== null)
      throw new EngineFailure("the connection failed before", { cause: this.#failed });
    try {
      this.#control[step].run();
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** Text of our own that is not a prepared statement: the definition of tables. */
  exec(text: string): void {
    this.#native.exec(text);
  }

  /** One row of a pragma or a statement of the engine's own, outside any transaction. */
  pragma(text: string): Record<string, unknown> | undefined {
    return this.#native.prepare(`PRAGMA ${text}`).get();
  }

  async one<Row>(statement: Statement<Row>, values: readonly SqlValue[]): Promise<Row | undefined> {
    const prepared = this.#ready(statement, values);
    try {
      const row: unknown = prepared.native.get(...values);
      return row as Row | undefined;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async all<Row>(statement: Statement<Row>, values: readonly SqlValue[]): Promise<readonly Row[]> {
    const prepared = this.#ready(statement, values);
    try {
      const rows: unknown = prepared.native.all(...values);
      return rows as readonly Row[];
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async run(statement: Statement<unknown>, values: readonly SqlValue[]): Promise<number> {
    const prepared = this.#ready(statement, values);
    try {
      return Number(prepared.native.run(...values).changes);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  close(): void {
    this.#open = false;
    if (this.#native.isOpen) this.#native.close();
  }

  #ready(statement: Statement<unknown>, values: readonly SqlValue[]): Prepared {
    if (this.#failed !== null)
      throw new EngineFailure("the connection failed before", { cause: this.#failed });
    if (!this.#open) throw new Error("a statement outside its transaction");
    const prepared = this.#prepared.get(statement) ?? this.#prepare(statement);
    checkValues(values, prepared.parameters);
    if (prepared.writes) this.writes += 1;
    return prepared;
  }

  #prepare(statement: Statement<unknown>): Prepared {
    let native: StatementSync;
    try {
      // As $1 it could only be bound by name; ?1 is bound by place, which is a sixth faster.
      const text = this.#pauses ? withPauses(statement.text) : statement.text;
      native = this.#native.prepare(text.replaceAll(/\$(\d+)/g, "?$1"));
    } catch (error) {
      // Nothing was run yet: text that does not compile is a mistake of that body alone.
      throw mistakeErrors.has(errcodeOf(error) ?? 0) ? error : this.#fail(error);
    }
    const { text } = statement;
    const prepared = { native, parameters: parametersOf(text), writes: mayWrite(text) };
    this.#prepared.set(statement, prepared);
    return prepared;
  }

  #failure(error: unknown): unknown {
    const errcode = errcodeOf(error);
    if (errcode === null) return error;
    if (uniqueErrors.has(errcode)) {
      return new UniqueViolation(violatedIndex(this.#native, error), { cause: error });
    }
    // A broken rule of a table undoes its own statement and nothing else.
    return constraintErrors(errcode) ? error : this.#fail(error);
  }

  #fail(error: unknown): EngineFailure {
    this.#failed ??= error;
    return new EngineFailure("the engine failed", { cause: error });
  }
}
