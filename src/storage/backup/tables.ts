// Which tables a backup carries, and in which order. They are found by looking, so that a new table is
// carried without anybody thinking of it; only what must stay behind is named here.
import type { Table } from "./format.ts";

/**
 * `migrations` is what a restore makes the tables by, and stands in the header. `nodes` and `leases` tell of
 * running processes. `changes` ends with the history that a restore ends: all its readers start over. What
 * was seen in another backend (`orphan_sightings`) is to be seen again before anything is done about it.
 */
export const leftOut: ReadonlySet<string> = new Set([
  "migrations",
  "nodes",
  "leases",
  "changes",
  "orphan_sightings",
]);

/** A table with the tables that its foreign keys lead to. */
export interface FoundTable extends Table {
  readonly references: readonly string[];
}

/** What a backup carries, each table after those that its rows refer to. */
export function carried(found: readonly FoundTable[]): readonly Table[] {
  const left = found.filter(({ name }) => !leftOut.has(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
  const ordered: Table[] = [];
  const placed = new Set<string>();
  while (left.length > 0) {
    const at = left.findIndex(({ name, references }) =>
      references.every((other) => other === name || placed.has(other)),
    );
    const [next] = left.splice(at, 1);
    // A splice at -1 would take the last one: rows could then stand before what they refer to.
    if (at < 0 || next === undefined)
      throw new Error("the foreign keys go round, or lead to what is left out");
    placed.add(next.name);
    ordered.push({ name: next.name, columns: next.columns });
  }
  return ordered;
}
