// What passes between the threads. Operations travel as flat arrays, because the names of members
// would be written out again with each of thousands of reveals a second.
import type { StreamHead } from "../../core/audit/entry.ts";
import type { ErrorRecord } from "../../core/errors.ts";
import type { EngineLimits } from "../engine.ts";

/** The first member is the time of sending (monotonic, ms); then name and input in turn. */
export type OperationBatch = readonly [sentMs: number, ...namesAndInputs: unknown[]];

/** `start-over` comes while nobody scans, in answer to `log-is-long`; `started-over` follows in any case. */
export type ToWriter = OperationBatch | "close" | "start-over";

/**
 * Answers in the order of the operations, of one group. A failed one has its index in `failures`
 * and a hole in `results`.
 */
export type GroupReply = readonly [
  results: readonly unknown[],
  failures: readonly (readonly [index: number, error: ErrorRecord])[],
  moved: readonly string[],
  head: StreamHead | null,
];

export interface LogMessage {
  readonly kind: "log";
  readonly level: "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

export type FromWriter =
  | GroupReply
  | LogMessage
  | { readonly kind: "ready"; readonly head: StreamHead }
  | { readonly kind: "log-is-long" }
  | { readonly kind: "started-over" }
  | { readonly kind: "refused"; readonly error: ErrorRecord }
  | { readonly kind: "closed"; readonly head: StreamHead | null };

export interface WriterData {
  readonly file: string;
  readonly bodies: string;
  readonly node: string;
  /** Set when a writer's thread died: its successor goes on with the same stream. */
  readonly stream: string | null;
  readonly limits: EngineLimits;
  readonly faults: string | null;
  readonly pagesMax: number | null;
}

export interface ReaderData {
  readonly file: string;
  readonly bodies: string;
}

export type ToReader = readonly [name: string, input: unknown];
export type FromReader = readonly ["answer", unknown] | readonly ["error", ErrorRecord] | LogMessage;

/** Milliseconds of a clock that all threads of the process share and nobody sets. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
