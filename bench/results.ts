// Keeps measurements: the machine, and each row with its command and every run beside the medians. Rows
// that are measured again on the same day and machine take the place of what was there.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Machine } from "./machine.ts";
import type { EngineName } from "./options.ts";
import { type Outcome, verdictOf } from "./row.ts";

const results = join(import.meta.dirname, "results");

interface Kept {
  readonly date: string;
  readonly machine: Omit<Machine, "syncsPerSecond">;
  readonly engine: EngineName;
  readonly rows: readonly { readonly name: string }[];
}

export function save(
  outcomes: readonly Outcome[],
  measured: { readonly machine: Machine; readonly engine: EngineName; readonly command: string },
  folder: string = results,
): string {
  const at = new Date().toISOString();
  const date = at.slice(0, 10);
  // The disk's rate is a measurement of this run, no property by which to know a machine again.
  const { syncsPerSecond, ...machine } = measured.machine;
  const { engine, command } = measured;
  const rows = outcomes.map((outcome) => {
    const { name, what, unit, must, aim } = outcome.row;
    const verdict = verdictOf(outcome);
    const { runs } = outcome;
    return { name, what, unit, must, aim, verdict, ...outcome.measured, at, command, syncsPerSecond, runs };
  });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${date}-${engine}.json`);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Kept) : null; // our own file
  const others = isDeepStrictEqual(before?.machine, machine) ? (before?.rows ?? []) : [];
  const kept = others.filter(({ name }) => !rows.some((row) => row.name === name));
  writeFileSync(path, `${JSON.stringify({ date, machine, engine, rows: [...kept, ...rows] }, null, 2)}\n`);
  return path;
}
