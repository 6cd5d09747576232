// What a row of the table is, and how its runs become one figure and a verdict. It starts nothing
// and measures nothing. Keeps: the verdict is over the median, and the spread is never left out.
import type { Coffer } from "./coffer.ts";
import type { Stocks } from "./stocks.ts";

/** How much is measured: DESIGN's amounts, or little for a smoke run. */
export interface Plan {
  readonly runs: number;
  readonly secrets: number;
  /** Where much is held against little. */
  readonly many: { readonly secrets: number; readonly policies: number; readonly machines: number };
  /** Load before it counts, so that both sides are compiled and warm. */
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** What a row measures on: one server with all secrets in it, others as they are wanted, and the folder on the same disk. */
export interface Setting {
  readonly plan: Plan;
  readonly coffer: Coffer;
  readonly stocks: Stocks;
  readonly folder: string;
}

export interface Run {
  readonly measured: number;
  /** What the figure was made of, by a label that carries the unit. */
  readonly parts: Readonly<Record<string, number>>;
}

export type Unit = "x" | "s" | "MB";

export interface Row {
  readonly name: string;
  readonly what: string;
  readonly unit: Unit;
  readonly better: "more" | "less";
  /** Null: shown for comparison, judged by nothing. */
  readonly must: number | null;
  readonly aim: number | null;
  /** At most so many of the plan's runs, where one takes long. */
  readonly runsMax?: number;
  /** `run` counts from 0. */
  readonly measure: (setting: Setting, run: number) => Promise<Run>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Outcome {
  readonly row: Row;
  readonly runs: readonly Run[];
  readonly measured: Spread;
  /** Medians, under the labels of the runs. */
  readonly parts: Readonly<Record<string, number>>;
}

export type Verdict = "aim" | "must" | "below" | "shown";

export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new Error("no figures to take a median of");
  }
  return { median: (low + high) / 2, min, max };
}

export function outcomeOf(row: Row, runs: readonly Run[]): Outcome {
  const labels = Object.keys(runs[0]?.parts ?? {});
  const parts = labels.map((label) => {
    const figures = runs.map((run) => run.parts[label]).filter((figure) => figure !== undefined);
    return [label, spreadOf(figures).median] as const;
  });
  return {
    row,
    runs,
    measured: spreadOf(runs.map((run) => run.measured)),
    parts: Object.fromEntries(parts),
  };
}

export function verdictOf({ row, measured }: Outcome): Verdict {
  const reaches = (bound: number) =>
    row.better === "more" ? measured.median >= bound : measured.median <= bound;
  if (row.must === null) return "shown";
  // NaN reaches nothing, so a figure that went wrong is below.
  if (!reaches(row.must)) return "below";
  return row.aim !== null && reaches(row.aim) ? "aim" : "must";
}
