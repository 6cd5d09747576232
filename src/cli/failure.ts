// Why a command ended without doing its work, in words for the person who typed it. It is not
// the domain's CofferError: a server newer than this program may send codes that are not in its list.
import { CofferError } from "../core/errors.ts";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

export interface FailureContext {
  readonly code?: string;
  /** What to do now: one line. */
  readonly hint?: string;
  readonly requestId?: string | null;
  readonly details?: unknown;
}

export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: number;
  readonly code: string;
  readonly hint: string | null;
  readonly requestId: string | null;
  readonly details: unknown;

  constructor(exitCode: number, message: string, context: FailureContext = {}, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.code = context.code ?? codeOf(exitCode);
    this.hint = context.hint ?? null;
    this.requestId = context.requestId ?? null;
    this.details = context.details ?? null;
  }
}

function codeOf(exitCode: number): string {
  switch (exitCode) {
    case exitCodes.usage:
      return "cli.usage";
    case exitCodes.unreachable:
      return "cli.unreachable";
    case exitCodes.notFound:
      return "cli.not_found";
    default:
      return "cli.failed";
  }
}

export function usage(message: string, hint?: string): Failure {
  return new Failure(exitCodes.usage, message, hint === undefined ? {} : { hint });
}

/** Whatever was thrown, as a failure. Only our own words are shown of it, never a stack. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof CofferError) {
    return new Failure(exitCodeOfDomain(error), error.message, {
      code: error.code,
      details: error.details,
    });
  }
  const message = error instanceof Error ? error.message : "an unknown error";
  return new Failure(exitCodes.failure, message, {}, { cause: error });
}

/** Errors of the commands that work on this host, without a server's status in between. */
function exitCodeOfDomain(error: CofferError): ExitCode {
  if (error.code === "request.invalid") return exitCodes.usage;
  if (error.code.endsWith(".not_found")) return exitCodes.notFound;
  if (error.code.endsWith("_taken")) return exitCodes.conflict;
  if (error.code === "server.sealed" || error.code.startsWith("storage.")) return exitCodes.unreachable;
  return exitCodes.failure;
}
