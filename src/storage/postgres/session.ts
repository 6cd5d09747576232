// One connection, as what repositories run statements on, with the audit stream that belongs to it.
// It knows no body. Once a statement failed it says so: what PostgreSQL then answers to COMMIT looks
// like success and is none.
import { createHash } from "node:crypto";
import type pg from "pg";
import { RunAgain } from "../../core/errors.ts";
import { EngineFailure } from "../engine.ts";
import { type Queryable, type SqlValue, type Statement, unlessHeld } from "../sql.ts";
import type { AuditStream } from "../stream.ts";
import { checkValues, mayWrite, parametersOf } from "../values.ts";
import { classified, Refused } from "./failures.ts";

interface Prepared {
  readonly name: string;
  readonly text: string;
  readonly parameters: number;
  readonly writes: boolean;
}

/** The server keeps what it prepared for as long as the connection lives. */
const namedMax = 500;

const known = new WeakMap<Statement<unknown>, Prepared>();

export class Session implements Queryable {
  readonly client: pg.ClientBase;
  /** Opened before the first write. */
  stream: AuditStream | null = null;
  /** Statements that may have written since the connection was opened. */
  writes = 0;
  #failed: unknown = null;
  /** The first error inside the running transaction: the server refuses all that follows. */
  #aborted: unknown = null;
  /** Warnings of the server since the connection was opened. */
  #warnings = 0;
  readonly #names = new Set<string>();

  constructor(client: pg.ClientBase) {
    this.client = client;
    client.on("error", (error) => {
      this.#failed ??= error;
    });
    client.on("notice", ({ code }) => {
      if (code !== undefined && !code.startsWith("00")) this.#warnings += 1;
    });
  }

  /** What made the connection useless, null while it works. */
  get failed(): unknown {
    return this.#failed;
  }

  get aborted(): unknown {
    return this.#aborted;
  }

  /** Transaction control, settings and the definition of tables. Answers the command's tag. */
  async exec(text: string): Promise<string> {
    try {
      const result: pg.QueryResult | pg.QueryResult[] = await this.client.query(text);
      return Array.isArray(result) ? "" : result.command;
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async begin(mode = ""): Promise<void> {
    this.#aborted = null;
    await this.exec(`BEGIN ${mode}`);
  }

  async commit(): Promise<void> {
    let tag: string;
    const before = this.#warnings;
    try {
      tag = await this.exec("COMMIT");
    } catch (error) {
      if (error instanceof EngineFailure || error instanceof RunAgain) throw error;
      throw new Refused("a rule that is checked at the commit", { cause: error });
    }
    // After an error that a body swallowed, COMMIT succeeds in rolling back.
    if (tag !== "COMMIT") throw new Refused(tag, { cause: this.#aborted });
    // Cancelled while it waited for a standby, COMMIT succeeds with a warning that it did not wait.
    if (this.#warnings !== before) throw this.#fail(new Error("the commit came with a warning"));
  }

  async rollback(): Promise<void> {
    this.#aborted = null;
    await this.exec("ROLLBACK");
  }

  async one<Row>(statement: Statement<Row>, values: readonly SqlValue[]): Promise<Row | undefined> {
    const rows: readonly unknown[] = (await this.#query(statement, values)).rows;
    return rows[0] as Row | undefined;
  }

  async all<Row>(statement: Statement<Row>, values: readonly SqlValue[]): Promise<readonly Row[]> {
    const rows: readonly unknown[] = (await this.#query(statement, values)).rows;
    return rows as readonly Row[];
  }

  async run(statement: Statement<unknown>, values: readonly SqlValue[]): Promise<number> {
    return (await this.#query(statement, values)).rowCount ?? 0;
  }

  async #query(statement: Statement<unknown>, values: readonly SqlValue[]): Promise<pg.QueryResult> {
    if (this.#failed !== null)
      throw new EngineFailure("the connection failed before", { cause: this.#failed });
    const prepared = known.get(statement) ?? prepare(statement);
    checkValues(values, prepared.parameters);
    if (prepared.writes) this.writes += 1;
    const { name, text } = prepared;
    const named = this.#names.has(name) || this.#names.size < namedMax;
    if (named) this.#names.add(name);
    try {
      return await this.client.query({ ...(named ? { name } : {}), text, values: [...values] });
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #fail(error: unknown): unknown {
    this.#aborted ??= error;
    const seen = classified(error);
    if (seen instanceof EngineFailure) this.#failed ??= error;
    return seen;
  }
}

function prepare(statement: Statement<unknown>): Prepared {
  const locked = statement.lock === null ? statement.text : `${statement.text} FOR ${statement.lock}`;
  const text = locked.replace(unlessHeld, "FOR NO KEY UPDATE SKIP LOCKED");
  const name = `c${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
  const prepared = { name, text, parameters: parametersOf(text), writes: mayWrite(text) };
  known.set(statement, prepared);
  return prepared;
}
