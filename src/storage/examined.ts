// What of a database can be told without opening it as a server does: nothing is written, no key is used.
import type { Examination } from "../core/vitals.ts";
import type { Standbys } from "./postgres/standbys.ts";

export interface Examined {
  readonly state: "absent" | "older" | "newer" | "current";
  /** Null where the tables are not those of this release. */
  readonly installation: Examination | null;
  /** Of a PostgreSQL server. */
  readonly server: { readonly fsync: boolean; readonly standbys: Standbys } | null;
}

/** How a database that has run these migrations stands to this release. */
export function stateOf(known: readonly string[], applied: readonly string[]): Examined["state"] {
  if (applied.length === 0) return "absent";
  if (applied.some((id, index) => known[index] !== id)) return "newer";
  return applied.length < known.length ? "older" : "current";
}
