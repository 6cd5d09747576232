// One group: the operations that share a commit. Each body runs to its end before the next begins,
// under its own savepoint, so a refusal of the domain undoes its own writes and nothing else. What
// the engine itself did wrong undoes the group: nothing of it is assumed.
import type { StreamHead } from "../../core/audit/entry.ts";
import { CofferError, type ErrorRecord, errorRecord } from "../../core/errors.ts";
import type { Transaction } from "../../core/ports.ts";
import { SeenAuthorities } from "../authorities.ts";
import {
  type AnyCommand,
  type Bodies,
  bug,
  EngineFailure,
  type EngineLog,
  outcomeUnknown,
  shownRecord,
  traceOf,
  unavailable,
} from "../engine.ts";
import type { Fault } from "../faults.ts";
import { noticing } from "../moved.ts";
import type { AuditStream } from "../stream.ts";
import type { SqliteConnection } from "./connection.ts";
import type { GroupReply } from "./messages.ts";

export interface Operation {
  readonly name: string;
  readonly input: unknown;
}

/** How a group ended. After `broken` the connection is of no more use. */
export type GroupEnd =
  | { readonly kind: "committed"; readonly reply: GroupReply }
  | { readonly kind: "undone" | "broken"; readonly reply: GroupReply; readonly cause: unknown };

/** A body without savepoint refused after it had written: the group cannot be told apart any more. */
class WroteBeforeRefusing extends Error {
  override readonly name = "WroteBeforeRefusing";
}

export class GroupRunner {
  readonly #connection: SqliteConnection;
  readonly #stream: AuditStream;
  readonly #commands: Bodies["commands"];
  readonly #tx: Transaction;
  readonly #authorities = new SeenAuthorities();
  readonly #fault: Fault | null;
  readonly #log: EngineLog;
  /** Organizations whose revision the running body moved. */
  #movedByBody: string[] = [];

  constructor(parts: {
    readonly connection: SqliteConnection;
    readonly stream: AuditStream;
    readonly bodies: Bodies;
    readonly fault: Fault | null;
    readonly log: EngineLog;
  }) {
    this.#connection = parts.connection;
    this.#stream = parts.stream;
    this.#commands = parts.bodies.commands;
    this.#fault = parts.fault;
    this.#log = parts.log;
    this.#tx = noticing(parts.bodies.transactionOn(parts.connection, parts.stream, this.#authorities), (id) =>
      this.#movedByBody.push(id),
    );
  }

  async run(operations: readonly Operation[]): Promise<GroupEnd> {
    const results: unknown[] = new Array(operations.length).fill(undefined);
    const failures: [number, ErrorRecord][] = [];
    const moved = new Set<string>();
    try {
      this.#fault?.("group.begin");
      this.#connection.begin();
      for (const [index, operation] of operations.entries()) {
        const failed = await this.#body(operation, (result) => {
          results[index] = result;
        });
        if (failed !== null) failures.push([index, failed]);
        else for (const id of this.#movedByBody) moved.add(id);
      }
      this.#faults(operations, "before-commit");
    } catch (cause) {
      return this.#lost(operations, cause);
    }
    try {
      this.#connection.commit();
      this.#stream.adopt();
      this.#faults(operations, "after-commit");
    } catch (cause) {
      return { kind: "broken", reply: everyone(operations.length, errorRecord(outcomeUnknown())), cause };
    }
    return { kind: "committed", reply: [results, failures, [...moved], this.#stream.committed] };
  }

  /** Answers null when the body did its work, else what its caller is told. */
  async #body(operation: Operation, done: (result: unknown) => void): Promise<ErrorRecord | null> {
    this.#movedByBody = [];
    const command = this.#commands.get(operation.name);
    if (command === undefined) return errorRecord(bug());
    const mark = this.#stream.mark();
    const writes = this.#connection.writes;
    const saved = command.writesLast !== true;
    if (saved) this.#connection.save();
    try {
      const result = await command.run(this.#tx, operation.input as never);
      this.#confirmTransaction();
      if (saved) this.#connection.release();
      done(result);
      return null;
    } catch (error) {
      this.#confirmTransaction();
      if (saved) this.#connection.undo();
      else if (this.#connection.writes !== writes)
        throw new WroteBeforeRefusing(operation.name, { cause: error });
      if (this.#connection.writes !== writes) this.#authorities.clear();
      this.#stream.rollback(mark);
      return this.#refuse(command, operation, error, mark);
    }
  }

  /** Nothing may run outside the transaction, whatever the engine or a body made of an error. */
  #confirmTransaction(): void {
    const { failed } = this.#connection;
    if (failed !== null) throw new EngineFailure("the engine failed", { cause: failed });
    if (!this.#connection.inTransaction) throw new EngineFailure("the transaction ended inside a body");
  }

  async #refuse(
    command: AnyCommand,
    operation: Operation,
    error: unknown,
    mark: StreamHead,
  ): Promise<ErrorRecord> {
    if (!(error instanceof CofferError)) {
      this.#log.error({ command: command.name, ...traceOf(error) }, "a body failed");
      return shownRecord(error);
    }
    try {
      const entry = command.refused?.(operation.input as never, error) ?? null;
      if (entry !== null) await this.#tx.audit.append(entry);
      return errorRecord(error);
    } catch (unrecorded) {
      this.#confirmTransaction();
      this.#stream.rollback(mark);
      this.#log.error({ command: command.name, ...traceOf(unrecorded) }, "a refusal could not be recorded");
      return errorRecord(bug());
    }
  }

  #lost(operations: readonly Operation[], cause: unknown): GroupEnd {
    const reply = everyone(operations.length, errorRecord(unavailable()));
    this.#stream.abandon();
    this.#authorities.clear();
    if (!(cause instanceof WroteBeforeRefusing)) return { kind: "broken", reply, cause };
    try {
      this.#connection.rollback();
      return { kind: "undone", reply, cause };
    } catch (error) {
      return { kind: "broken", reply, cause: error };
    }
  }

  #faults(operations: readonly Operation[], moment: string): void {
    if (this.#fault === null) return;
    for (const { name } of operations) this.#fault(`${name}.${moment}`);
  }
}

/** The same answer for each operation of a group. */
export function everyone(count: number, error: ErrorRecord): GroupReply {
  return [[], Array.from({ length: count }, (_, index) => [index, error] as const), [], null];
}
