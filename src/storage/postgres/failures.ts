// What PostgreSQL's error states mean for us: a refused row, a conflict to run again, a mistake of
// one body, or an engine that cannot be used. An unknown state is taken for the last.
import { RunAgain } from "../../core/errors.ts";
import { EngineFailure } from "../engine.ts";
import { UniqueViolation } from "../sql.ts";

/** The server rolled back where a commit was asked for, and said so. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Serialization, deadlock, and a row that went while another was to point at it. */
const conflicts: ReadonlySet<string> = new Set(["40001", "40P01", "23503"]);
/** Data, constraints, transaction state, syntax: what a body's own statement did wrong. */
const mistakes: ReadonlySet<string> = new Set(["22", "23", "25", "42"]);
/** Class 25, yet not the body's doing: the server was demoted, or a pause was too long. */
const notMistakes: ReadonlySet<string> = new Set(["25006", "25P03"]);

export function sqlstateOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** The error as the engine's caller should see it; an `EngineFailure` when the connection is lost. */
export function classified(error: unknown): unknown {
  const state = sqlstateOf(error);
  if (state === null) return new EngineFailure("the connection failed", { cause: error });
  if (conflicts.has(state)) return new RunAgain(state, { cause: error });
  if (state === "23505") return new UniqueViolation(constraintOf(error), { cause: error });
  if (mistakes.has(state.slice(0, 2)) && !notMistakes.has(state)) return error;
  return new EngineFailure("the engine failed", { cause: error });
}

function constraintOf(error: unknown): string {
  return error instanceof Error && "constraint" in error ? String(error.constraint) : "";
}
