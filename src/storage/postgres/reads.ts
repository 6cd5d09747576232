// Reading bodies: one snapshot each, on a pooled connection. Those that may scan are few at a time
// and bounded by the server's own clock, so that they never take the pool from the writers.
import { CofferError } from "../../core/errors.ts";
import type { Authorities } from "../../core/ports.ts";
import {
  type AnyQuery,
  type Bodies,
  bug,
  busy,
  type EngineLimits,
  type EngineLog,
  traceOf,
  unavailable,
} from "../engine.ts";
import type { Deadlines } from "./deadlines.ts";
import { sqlstateOf } from "./failures.ts";
import type { Lease, SessionPool } from "./pool.ts";

const scansMax = 2;
const snapshot = "ISOLATION LEVEL REPEATABLE READ, READ ONLY";

export class Reads {
  readonly #pool: SessionPool;
  readonly #deadlines: Deadlines;
  readonly #limits: EngineLimits;
  readonly #bodies: Bodies;
  readonly #authorities: Authorities;
  readonly #log: EngineLog;
  #scanning = 0;
  readonly #queue: (() => void)[] = [];

  constructor(parts: {
    readonly pool: SessionPool;
    readonly deadlines: Deadlines;
    readonly limits: EngineLimits;
    readonly bodies: Bodies;
    readonly authorities: Authorities;
    readonly log: EngineLog;
  }) {
    this.#pool = parts.pool;
    this.#deadlines = parts.deadlines;
    this.#limits = parts.limits;
    this.#bodies = parts.bodies;
    this.#authorities = parts.authorities;
    this.#log = parts.log;
  }

  point(query: AnyQuery, input: unknown): Promise<unknown> {
    return this.#bounded(query, input, null);
  }

  async scan(query: AnyQuery, input: unknown): Promise<unknown> {
    if (this.#queue.length >= this.#limits.scanQueueMax) throw busy();
    if (this.#scanning >= scansMax) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#scanning += 1;
    try {
      return await this.#bounded(query, input, this.#limits.scanSecondsMax);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#scanning -= 1;
      else next(); // the place goes on to the next
    }
  }

  #bounded(query: AnyQuery, input: unknown, secondsMax: number | null): Promise<unknown> {
    const held: { lease: Lease | null } = { lease: null };
    return this.#deadlines.within(this.#read(query, input, secondsMax, held), () => {
      held.lease?.cut();
      return unavailable();
    });
  }

  async #read(
    query: AnyQuery,
    input: unknown,
    secondsMax: number | null,
    held: { lease: Lease | null },
  ): Promise<unknown> {
    const lease = await this.#pool.lease();
    held.lease = lease;
    const { session } = lease;
    try {
      await session.begin(snapshot);
      if (secondsMax !== null) {
        await session.exec(`SET LOCAL statement_timeout = ${Math.ceil(secondsMax * 1000)}`);
      }
      const tx = this.#bodies.readTransactionOn(session, this.#authorities);
      const result = await query.run(tx, input as never);
      await session.rollback(); // nothing was written, and after a swallowed error it ends alike
      lease.giveBack();
      return result;
    } catch (error) {
      throw await this.#failed(query, error, lease);
    }
  }

  async #failed(query: AnyQuery, error: unknown, lease: Lease): Promise<CofferError> {
    const { session } = lease;
    if (session.failed === null) await session.rollback().catch(() => undefined);
    const { failed } = session;
    if (failed === null) lease.giveBack();
    else lease.cut();
    if (error instanceof CofferError) return error;
    // Of a lost connection whoever lost it tells once, not each that was using one.
    if (failed !== null && sqlstateOf(failed) === null) return unavailable(error);
    this.#log.error({ query: query.name, ...traceOf(error) }, "a reading body failed");
    return failed === null ? bug(error) : unavailable(error);
  }
}
