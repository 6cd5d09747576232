// The records of reveals: what queued while one commit ran goes into the next, on a connection of
// its own. Bodies that write last are sent together, without waiting for each other's answers.
import { RunAgain } from "../../core/errors.ts";
import {
  type AnyCommand,
  busy,
  EngineFailure,
  type EngineLimits,
  shown,
  traceOf,
  unavailable,
} from "../engine.ts";
import { abandon, adopt, begin, runAlone, type Surroundings, type Writing, writingOn } from "./body.ts";
import type { Connected } from "./connect.ts";
import type { Primary } from "./primary.ts";

interface Sharer {
  readonly command: AnyCommand;
  readonly input: unknown;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class SharedWriter {
  readonly #primary: Primary;
  readonly #limits: EngineLimits;
  readonly #around: Surroundings;
  readonly #onGroup: (operations: number) => void;
  #queue: Sharer[] = [];
  #working: Promise<void> | null = null;
  #at: Connected | null = null;

  constructor(
    primary: Primary,
    limits: EngineLimits,
    around: Surroundings,
    onGroup: (operations: number) => void = () => {},
  ) {
    this.#onGroup = onGroup;
    this.#primary = primary;
    this.#limits = limits;
    this.#around = around;
  }

  share(command: AnyCommand, input: unknown): Promise<unknown> {
    if (this.#queue.length >= this.#limits.writerQueueMax) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      this.#queue.push({ command, input, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Whoever waited too long was answered; the connection that kept him waiting goes. */
  cut(): void {
    this.#at?.cut();
  }

  async close(): Promise<void> {
    await this.#working;
    const at = this.#at;
    this.#at = null;
    if (at === null) return;
    try {
      await this.#around.streams.close(at.session);
    } catch (error) {
      this.#around.log.warn(traceOf(error), "an audit stream could not be closed; another will close it");
    }
    await at.end().catch(() => undefined);
  }

  async #work(): Promise<void> {
    // Whoever else asks in this turn of the event loop comes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, this.#limits.writerGroupMax);
      try {
        await this.#group(group);
      } catch (error) {
        this.#lose(error);
        for (const sharer of group) sharer.reject(unavailable(error));
      }
    }
    this.#working = null;
  }

  async #group(group: readonly Sharer[]): Promise<void> {
    const writing = await this.#writing();
    const { session } = writing;
    this.#around.fault?.("group.begin");
    await begin(writing);
    const results = await this.#together(writing, group);
    if (results === null || session.aborted !== null) {
      if (session.failed !== null) throw session.failed;
      await session.rollback();
      abandon(writing);
      return this.#oneByOne(group);
    }
    for (const { command } of group) this.#around.fault?.(`${command.name}.before-commit`);
    await session.commit();
    for (const { command } of group) this.#around.fault?.(`${command.name}.after-commit`);
    adopt(writing);
    this.#onGroup(group.length);
    for (const organizationId of writing.moved) this.#around.onMoved(organizationId);
    for (const [index, sharer] of group.entries()) sharer.resolve(results[index]);
  }

  /**
   * All of a group in one transaction; null when one of them refused or failed. Without savepoints
   * what it did cannot be told from what the others did, so each then gets a transaction of its own.
   */
  async #together(writing: Writing, group: readonly Sharer[]): Promise<readonly unknown[] | null> {
    if (!group.every((sharer) => sharer.command.writesLast === true)) return null;
    const bodies = group.map(({ command, input }) => command.run(writing.tx, input as never));
    const results: unknown[] = [];
    for (const one of await Promise.allSettled(bodies)) {
      if (one.status === "rejected") return null;
      results.push(one.value);
    }
    return results;
  }

  async #oneByOne(group: readonly Sharer[]): Promise<void> {
    for (const { command, input, resolve, reject } of group) {
      const { session } = await this.#writing();
      try {
        resolve(await runAlone(session, command, input, this.#around));
      } catch (error) {
        const told =
          error instanceof RunAgain || error instanceof EngineFailure ? unavailable(error) : shown(error);
        if (session.failed !== null || told.code.startsWith("storage.")) this.#lose(error);
        reject(told.code === "storage.outcome_unknown" ? unavailable(error) : told);
      }
    }
  }

  async #writing(): Promise<Writing> {
    if (this.#at !== null && this.#at.session.failed !== null) this.#lose(this.#at.session.failed);
    this.#at ??= await this.#primary.connect(true);
    return writingOn(this.#at.session, this.#around);
  }

  #lose(error: unknown): void {
    if (this.#at === null) return;
    this.#around.log.error(traceOf(error), "the connection for records was lost");
    this.#around.streams.drop(this.#at.session);
    this.#primary.doubt();
    this.#at.cut();
    this.#at = null;
  }
}
