// Whether a request had something committed before it failed. What fails after that, when the answer is put
// together, must not be told as if nothing had been done: a client would do it again.
import type { Caller } from "../core/caller.ts";
import { CofferError, type ErrorCode } from "../core/errors.ts";
import type { Command, Database } from "../core/ports.ts";
import { outcomeUnknown } from "../storage/engine.ts";

/** Codes by which a client takes it that nothing was done. */
const notNow: ReadonlySet<ErrorCode> = new Set(["storage.unavailable", "server.busy"]);

export interface Committed {
  /** The same database; it notes for whom a mutation was committed. */
  readonly database: Database;
  /** The error as the caller may be told it. Each request has a caller of its own. */
  told(error: unknown, caller: Caller | undefined): unknown;
}

export function notingCommits(database: Database): Committed {
  const callers = new WeakSet<object>();
  return {
    database: {
      ...database,
      async execute<I, O>(command: Command<I, O>, input: I): Promise<O> {
        const result = await database.execute(command, input);
        const caller = command.tokenOf === undefined ? undefined : callerOf(input);
        if (caller !== undefined) callers.add(caller);
        return result;
      },
    },
    told(error, caller) {
      const hides =
        caller !== undefined && callers.has(caller) && error instanceof CofferError && notNow.has(error.code);
      return hides ? outcomeUnknown(error) : error;
    },
  };
}

function callerOf(input: unknown): object | undefined {
  if (typeof input !== "object" || input === null || !("caller" in input)) return undefined;
  return typeof input.caller === "object" && input.caller !== null ? input.caller : undefined;
}
