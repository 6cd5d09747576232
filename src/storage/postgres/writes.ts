// Mutations: each its own transaction on a pooled connection, run again after a conflict between
// nodes. The engine shares flushes between them by itself.
import { RunAgain } from "../../core/errors.ts";
import type { EngineLimits } from "../engine.ts";
import { type AnyCommand, busy, outcomeUnknown, shown, unavailable } from "../engine.ts";
import { runAlone, type Surroundings } from "./body.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Lease, SessionPool } from "./pool.ts";

/** Of writers that meet on one row one comes through each time; so many in a row is overload. */
const attemptsMax = 12;
/** A pause of chance sets apart who collided; it grows with each try. */
const pauseMsMax = 4;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export class Writes {
  readonly #pool: SessionPool;
  readonly #deadlines: Deadlines;
  readonly #limits: EngineLimits;
  readonly #around: Surroundings;
  #running = 0;

  constructor(pool: SessionPool, deadlines: Deadlines, limits: EngineLimits, around: Surroundings) {
    this.#pool = pool;
    this.#deadlines = deadlines;
    this.#limits = limits;
    this.#around = around;
  }

  async execute(command: AnyCommand, input: unknown): Promise<unknown> {
    if (this.#running >= this.#limits.writerQueueMax) throw busy();
    this.#running += 1;
    const held: { lease: Lease | null } = { lease: null };
    const work = this.#attempts(command, input, held).finally(() => {
      this.#running -= 1;
    });
    return this.#deadlines.within(work, () => {
      held.lease?.cut();
      return outcomeUnknown();
    });
  }

  async #attempts(command: AnyCommand, input: unknown, held: { lease: Lease | null }): Promise<unknown> {
    let claim: string | null = null;
    for (let attempt = 1; ; attempt += 1) {
      const lease = await this.#pool.lease();
      held.lease = lease;
      try {
        const result = await runAlone(lease.session, command, input, this.#around, claim);
        lease.giveBack();
        return result;
      } catch (error) {
        if (error instanceof RunAgain) {
          lease.giveBack();
          claim = error.moved ?? claim;
          if (attempt === attemptsMax) throw unavailable(error);
          await pause(Math.random() * pauseMsMax * attempt);
          continue;
        }
        const told = shown(error);
        if (told.code.startsWith("storage.")) lease.cut();
        else lease.giveBack();
        throw told;
      }
    }
  }
}
