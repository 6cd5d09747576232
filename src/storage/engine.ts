// What both engines have in common: the bodies they run, the errors they answer with, the log they
// write to. It knows neither engine. Nothing that a body or an engine said inwardly is answered.
import type { AnyCommand, AnyQuery } from "../core/bodies.ts";
import { CofferError, type ErrorRecord, errorRecord } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Authorities, Decided, ReadTransaction, Transaction } from "../core/ports.ts";
import type { Migration } from "./migrate.ts";
import type { Queryable } from "./sql.ts";
import type { AuditStream } from "./stream.ts";

export type { AnyCommand, AnyQuery };

/**
 * A module of bodies. On SQLite it is imported by its URL, once in each thread. What the tables
 * look like through a transaction comes with it, so that the engines can be tested without the core.
 */
export interface Bodies {
  readonly commands: ReadonlyMap<string, AnyCommand>;
  readonly queries: ReadonlyMap<string, AnyQuery>;
  readonly migrations: readonly Migration[];
  /** Whether a caller is now who he was found to be. */
  readonly stillHolds: (tx: ReadTransaction, decided: Decided) => Promise<boolean>;
  readonly transactionOn: (db: Queryable, stream: AuditStream, authorities: Authorities) => Transaction;
  readonly readTransactionOn: (db: Queryable, authorities: Authorities) => ReadTransaction;
}

export type EngineLimits = {
  readonly [name in
    | "commitWaitMs"
    | "writerQueueMax"
    | "writerGroupMax"
    | "scanQueueMax"
    | "scanSecondsMax"]: number;
};

export function engineLimits(overrides: Partial<EngineLimits> = {}): EngineLimits {
  const { commitWaitMs, writerQueueMax, writerGroupMax, scanQueueMax, scanSecondsMax } = limits;
  return { commitWaitMs, writerQueueMax, writerGroupMax, scanQueueMax, scanSecondsMax, ...overrides };
}

/** What the engines need of a logger; pino's is one. */
export interface EngineLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: EngineLog = { info() {}, warn() {}, error() {} };

export function unavailable(cause?: unknown): CofferError {
  return new CofferError(
    "storage.unavailable",
    "The database cannot be used right now; try again.",
    {},
    { cause },
  );
}

/** Whether it was committed is not known; the audit trail tells. */
export function outcomeUnknown(cause?: unknown): CofferError {
  return new CofferError(
    "storage.outcome_unknown",
    "The database did not confirm the commit; whether it happened is not known.",
    {},
    { cause },
  );
}

export function busy(): CofferError {
  return new CofferError("server.busy", "The server has more to do than it queues; try again.");
}

/** A mistake in the server. What it says stays in the log. */
export function bug(cause?: unknown): CofferError {
  return new CofferError("internal", "The server made a mistake.", {}, { cause });
}

/** The error a caller may see for whatever a body threw. */
export function shown(error: unknown): CofferError {
  return error instanceof CofferError ? error : bug(error);
}

export function shownRecord(error: unknown): ErrorRecord {
  return errorRecord(shown(error));
}

/** The engine itself failed: what its transaction did so far counts for nothing. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
}

/** An error for the log: kind, code and place. A message can quote what it failed on, so it stays out. */
export function traceOf(error: unknown): object {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  const frames = (error.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
  const cause = error.cause === undefined ? {} : { cause: traceOf(error.cause) };
  return { error: error.name, code, errcode, frames: frames.slice(0, 8), ...cause };
}
