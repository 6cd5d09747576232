// Keeps a measurement: the machine, the command and every run beside the medians.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import type { EngineName } from "./options.ts";
import { type Outcome, verdictOf } from "./row.ts";

const folder = join(import.meta.dirname, "results");

export function save(
  outcomes: readonly Outcome[],
  measured: { readonly machine: Machine; readonly engine: EngineName; readonly command: string },
): string {
  const date = new Date().toISOString().slice(0, 10);
  const rows = outcomes.map((outcome) => {
    const { name, what, unit, must, aim } = outcome.row;
    const verdict = verdictOf(outcome);
    return { name, what, unit, must, aim, verdict, ...outcome.measured, runs: outcome.runs };
  });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${date}-${measured.engine}.json`);
  writeFileSync(path, `${JSON.stringify({ date, ...measured, rows }, null, 2)}\n`);
  return path;
}
