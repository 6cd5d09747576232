// The table as a person reads it.
import { type Outcome, type Spread, type Unit, type Verdict, verdictOf } from "./row.ts";

const words: Readonly<Record<Verdict, string>> = {
  aim: "ok, aim reached",
  must: "ok",
  below: "BELOW MUST",
  shown: "",
};

/** @param judged whether the runs were long enough for a verdict */
export function table(outcomes: readonly Outcome[], judged: boolean): string {
  const head = ["row", "measured", "min..max", "must", "aim", ""];
  const lines = outcomes.map((outcome) => {
    const { row, measured } = outcome;
    const bound = (figure: number | null) => (figure === null ? "-" : withUnit(figure, row.unit));
    return [
      row.name,
      withUnit(measured.median, row.unit),
      range(measured),
      bound(row.must),
      bound(row.aim),
      judged ? words[verdictOf(outcome)] : "",
    ];
  });
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => (line[column] ?? "").length)),
  );
  const text = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [text(head), rule, ...lines.map(text), "", ...outcomes.flatMap(detail)].join("\n");
}

function detail({ row, parts }: Outcome): string[] {
  const figures = Object.entries(parts).map(([label, figure]) => `${label} ${rounded(figure)}`);
  return [`${row.name}: ${row.what}`, `  ${figures.join("; ")}`];
}

function range({ min, max }: Spread): string {
  return `${rounded(min)}..${rounded(max)}`;
}

function withUnit(figure: number, unit: Unit): string {
  return unit === "x" ? `${rounded(figure)}x` : `${rounded(figure)} ${unit}`;
}

/** Three significant digits, and no fraction where the figure is large. */
export function rounded(figure: number): string {
  if (!Number.isFinite(figure)) return String(figure);
  if (Math.abs(figure) >= 100) return Math.round(figure).toLocaleString("en-US");
  return String(Number(figure.toPrecision(3)));
}
