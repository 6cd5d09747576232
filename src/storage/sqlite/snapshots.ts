// Reading bodies over one read-only connection. Bodies that run in the same turn of the event loop
// share a snapshot: none of them can know of a later commit, because news of it comes by an event.
import { CofferError } from "../../core/errors.ts";
import type { ReadTransaction } from "../../core/ports.ts";
import { SeenAuthorities } from "../authorities.ts";
import { type Bodies, bug, EngineFailure, type EngineLog, traceOf, unavailable } from "../engine.ts";
import { type ConnectionOptions, SqliteConnection } from "./connection.ts";

const busyMs = 1_000;

type ReadingOptions = Pick<ConnectionOptions, "cacheKiB" | "pauses">;

export class Snapshots {
  readonly #file: string;
  readonly #options: ReadingOptions;
  readonly #bodies: Bodies;
  readonly #log: EngineLog;
  readonly #authorities = new SeenAuthorities();
  #connection: SqliteConnection;
  #tx: ReadTransaction;
  #running = 0;

  constructor(file: string, options: ReadingOptions, bodies: Bodies, log: EngineLog) {
    this.#file = file;
    this.#options = options;
    this.#bodies = bodies;
    this.#log = log;
    this.#connection = this.#connect();
    this.#tx = bodies.readTransactionOn(this.#connection, this.#authorities);
  }

  #connect(): SqliteConnection {
    return new SqliteConnection(this.#file, { readOnly: true, busyMs, ...this.#options });
  }

  async read(name: string, input: unknown): Promise<unknown> {
    const query = this.#bodies.queries.get(name);
    if (query === undefined) throw bug();
    const connection = this.#ready();
    if (this.#running === 0) begin(connection);
    this.#running += 1;
    try {
      return await query.run(this.#tx, input as never);
    } catch (error) {
      if (error instanceof CofferError) throw error;
      this.#log.error({ query: name, ...traceOf(error) }, "a reading body failed");
      throw connection.failed === null && !(error instanceof EngineFailure) ? bug(error) : unavailable(error);
    } finally {
      this.#running -= 1;
      if (this.#running === 0 && connection.failed === null) connection.commit();
    }
  }

  /** The connection, a new one when the last has failed and its bodies are gone. */
  #ready(): SqliteConnection {
    if (this.#connection.failed !== null) {
      if (this.#running > 0) throw unavailable(this.#connection.failed);
      this.#connection.close();
      try {
        this.#connection = this.#connect();
      } catch (error) {
        throw unavailable(error);
      }
      this.#tx = this.#bodies.readTransactionOn(this.#connection, this.#authorities);
    }
    return this.#connection;
  }

  close(): void {
    this.#connection.close();
  }
}

function begin(connection: SqliteConnection): void {
  try {
    connection.beginRead();
  } catch (error) {
    throw unavailable(error);
  }
}
