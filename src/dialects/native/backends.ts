// Backends of values on the wire: what is told of them. None of it names what a vendor calls things.
import { type Static, Type } from "typebox";
import type { Migrated } from "../../core/backends/migrate.ts";
import type { ShownBackend } from "../../core/backends/status.ts";
import { timeOrNull, time as timeText } from "./present.ts";
import { list, nullable, oneOf, strict, text, time, whole } from "./schema.ts";

const report = Type.Object({
  at: time,
  objects: whole,
  versions: whole,
  /** What is nobody's, as far as the sweep could see. */
  orphans: whole,
  removed: whole,
  /** Those that the backend did not let go. */
  failed: whole,
  /** Why none was removed. */
  /** `first`, `share` or `guarded`. */
  held: nullable(text),
});

export const backends = Type.Object({
  items: list(
    Type.Object({
      name: text,
      kind: text,
      payload: oneOf(["sealed", "native"]),
      /** Versions whose bytes lie there. */
      values: whole,
      pending: whole,
      /** Deletions that are still to be done there. */
      owed: whole,
      oldestOwedAt: nullable(time),
      epoch: whole,
      /** It has seen a newer database: nothing there is swept until somebody resumes. */
      guarded: Type.Boolean(),
      sweptAt: nullable(time),
      report: nullable(report),
      drift: nullable(Type.Object({ at: time, checked: whole, missing: whole })),
    }),
  ),
});

export const migration = strict({ backend: text, after: Type.Optional(nullable(text)) });

export const migrated = Type.Object({
  moved: whole,
  /** Values that stay where they are: they do not open, took too long, or are too long for the other backend. */
  failed: whole,
  total: whole,
  /** Versions of the store that lie where they should now. */
  there: whole,
  /** To be sent as `after` with the next request; null: all was looked at. */
  next: nullable(text),
});

export function presentBackends(all: readonly ShownBackend[]): Static<typeof backends> {
  return {
    items: all.map((it) => ({
      name: it.name,
      kind: it.kind,
      payload: it.payload,
      values: it.values,
      pending: it.pending,
      owed: it.owed,
      oldestOwedAt: timeOrNull(it.oldestOwedAt),
      epoch: it.epoch,
      guarded: it.guarded,
      sweptAt: timeOrNull(it.sweptAt),
      report: it.report && { ...it.report, at: timeText(it.report.at) },
      drift: it.drift && { ...it.drift, at: timeText(it.drift.at) },
    })),
  };
}

export function presentMigrated({ moved, failed, total, there, next }: Migrated): Static<typeof migrated> {
  return { moved, failed, total, there, next };
}
