// The flags of `npm run bench`, checked before anything is started.
import { parseArgs } from "node:util";

export const engines = ["sqlite", "postgres"] as const;
export type EngineName = (typeof engines)[number];

export interface Options {
  readonly quick: boolean;
  readonly keep: boolean;
  readonly save: boolean;
  /** Names of rows, in the order of the table; all of them where none was named. */
  readonly rows: readonly string[];
  /** Where the data folder is made. */
  readonly data: string | null;
  /** Where the CPU profiles of the server go. */
  readonly profile: string | null;
  readonly engine: EngineName;
}

/** A mistake in the command line; its message is for the person who typed it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function parseOptions(args: readonly string[], rowNames: readonly string[]): Options {
  const values = flagsOf(args);
  const named = values.row ?? [];
  const unknown = named.find((name) => !rowNames.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`There is no row "${unknown}"; the rows are ${rowNames.join(", ")}.`);
  }
  const engine = engines.find((name) => name === (values.engine ?? "sqlite"));
  if (engine === undefined) throw new UsageError(`--engine is one of ${engines.join(", ")}.`);
  const { quick = false, keep = false, save = false } = values;
  if (quick && save) throw new UsageError("--quick measures too little to be kept; leave out --save.");
  if (save && values.profile !== undefined) {
    throw new UsageError("A profiled server is slower; its figures are not kept. Leave out --save.");
  }
  return {
    quick,
    keep,
    save,
    rows: named.length === 0 ? rowNames : rowNames.filter((name) => named.includes(name)),
    data: values.data ?? null,
    profile: values.profile ?? null,
    engine,
  };
}

function flagsOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        keep: { type: "boolean" },
        save: { type: "boolean" },
        row: { type: "string", multiple: true },
        data: { type: "string" },
        profile: { type: "string" },
        engine: { type: "string" },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : "The flags could not be read.", { cause });
  }
}
