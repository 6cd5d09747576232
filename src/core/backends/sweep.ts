// Finds what lies in a backend and is nobody's: what arrived after it was given up, what a crash left. An
// orphan is ours by its name, unknown to the tables, older than any write under way, and seen so twice.
// Whole objects go only with secrets that are gone, whose ids never come again; of a living secret only
// single versions go. So no write that begins meanwhile can meet it.
import { systemCaller } from "../caller.ts";
import { isUuid } from "../ids.ts";
import { limits } from "../limits.ts";
import { entryOf } from "../operation.ts";
import type { Command, Context, Query } from "../ports.ts";
import { guardRestore } from "./guard.ts";
import { type Backend, BackendError, isSilent, type OwnedObject } from "./port.ts";
import type { RemoteRow, Sighting, SweepReport } from "./records.ts";
import { noteBackendState, readBackendState } from "./state.ts";

interface LookInput {
  readonly backend: string;
  readonly objects: readonly { readonly ref: string; readonly secretId: string | null }[];
}

interface Look {
  readonly rows: readonly RemoteRow[];
  /** Secrets that may be written to. */
  readonly living: readonly string[];
  /** Those that are being written to, or whose values are on the move: nothing of these is judged. */
  readonly busy: readonly string[];
  readonly sightings: readonly Sighting[];
  readonly restores: number;
}

export const lookForOrphans: Query<LookInput, Look> = {
  name: "backend.look",
  run: async (tx, { backend, objects }) => {
    const refs = objects.map(({ ref }) => ref);
    const living: string[] = [];
    // Before the rows are looked at: what a move has sent is owed until its row points there.
    const named = objects.flatMap(({ secretId }) => secretId ?? []);
    const owed = (await tx.remote.owedOf(named)).filter(({ kind }) => kind === "write");
    const busy = owed.map(({ secretId }) => secretId);
    for (const { secretId } of objects) {
      if (secretId === null || !(await tx.remote.isLiving(secretId))) continue;
      living.push(secretId);
      const rows = await tx.remote.versionsOf(secretId);
      if (rows.some(({ state }) => state === "pending")) busy.push(secretId);
    }
    return {
      rows: await tx.remote.versionsAt(backend, refs),
      living,
      busy,
      sightings: await tx.remote.sighted(backend, refs),
      restores: await tx.restores.epoch(),
    };
  },
};

interface SightInput {
  readonly backend: string;
  readonly sightings: readonly Sighting[];
}

export const sightOrphans: Command<SightInput, null> = {
  name: "backend.sight",
  run: async (tx, { backend, sightings }) => {
    await tx.remote.sight(backend, sightings);
    return null;
  },
};

interface SweptInput {
  readonly backend: string;
  readonly sweep: number;
  readonly report: SweepReport;
}

export const recordSweep: Command<SweptInput, null> = {
  name: "backend.swept",
  run: async (tx, { backend, sweep, report }) => {
    await tx.remote.forgetSightings(backend, sweep);
    const { objects, versions, orphans, removed, failed, held } = report;
    if (removed === 0 && failed === 0 && held !== "share") return null;
    await tx.audit.append(
      entryOf(
        { caller: systemCaller("backends"), at: report.at },
        {
          organizationId: null,
          action: "backend.purge",
          target: { kind: "backend", id: null, name: backend, storeId: null },
          outcome: held === null && failed === 0 ? "allowed" : "failed",
          because: held ?? "orphans",
          details: { objects, versions, orphans, removed, failed },
        },
      ),
    );
    return null;
  },
};

interface Parts {
  readonly release: string;
  readonly alert: (what: string, details: Readonly<Record<string, string | number>>) => void;
}

/** An orphan; version "" is the whole object. */
type Orphan = Pick<Sighting, "ref" | "version">;

export async function sweep(
  ctx: Context,
  backend: Backend,
  parts: Parts,
  stopped: () => boolean,
): Promise<void> {
  const { database, clock } = ctx;
  const { name } = backend;
  const number = await guardRestore(ctx, backend, parts);
  const began = clock.now();
  const note = (report: SweepReport, sweptBy?: string) =>
    database.execute(noteBackendState, {
      backend: name,
      change: { sweptAt: began, report, ...(sweptBy === undefined ? {} : { sweptBy }) },
    });
  const state = await database.point(readBackendState, { backend: name });
  const seen = await survey(ctx, backend, number, began, stopped);
  if (seen === null) return;
  const { again, restores, ...counts } = seen;
  if (number === null) {
    const { objects, orphans } = counts;
    parts.alert("a backend holds what a newer database has written", { backend: name, objects, orphans });
    return void (await note({ at: began, ...counts, ...none, held: "guarded" }));
  }
  // Another release may name things otherwise, and a restored database knows less.
  const sweptBy = `${parts.release}+${restores}`;
  const most = Math.max(
    limits.sweepAlways,
    Math.floor(ctx.backends.rules.sweepMaxShare * (counts.objects + counts.versions)),
  );
  const held: SweepReport["held"] =
    state.sweptBy !== sweptBy ? "first" : again.length > most ? "share" : null;
  if (held === "share") {
    const details = { backend: name, orphans: again.length, objects: counts.objects };
    parts.alert("so much in a backend is unknown that nothing of it is removed", details);
  }
  const done = held === null ? await remove(backend, again, stopped) : none;
  if (done.failed > 0) {
    const details = { backend: name, ...done };
    parts.alert("what is nobody's in a backend could not all be removed", details);
  }
  const report = { at: began, ...counts, ...done, held };
  await database.execute(recordSweep, { backend: name, sweep: number, report });
  await note(report, sweptBy);
}

interface Survey {
  readonly objects: number;
  readonly versions: number;
  readonly orphans: number;
  /** Those that a sweep of another day has seen too. */
  readonly again: readonly Orphan[];
  readonly restores: number;
}

/** Null: it was broken off. */
async function survey(
  ctx: Context,
  backend: Backend,
  /** Null: only to count. */
  number: number | null,
  began: number,
  stopped: () => boolean,
): Promise<Survey | null> {
  const { database, backends } = ctx;
  const before = began - backends.rules.orphanAgeMs;
  // A sweep that broke off has seen things too. Two that were meant to lie apart do so by more than this.
  const seenBefore = began - backends.rules.sweepPeriodMs / 2;
  const again: Orphan[] = [];
  let objects = 0;
  let versions = 0;
  let orphans = 0;
  let restores = 0;
  for (let cursor: string | null = null; ; ) {
    if (stopped()) return null;
    const page: Awaited<ReturnType<Backend["listOwned"]>> = await backend.listOwned(cursor);
    const named = page.items.map(({ ref }) => ({ ref, secretId: secretIdIn(ref) }));
    const look = await database.point(lookForOrphans, { backend: backend.name, objects: named });
    restores = look.restores;
    const found = page.items.flatMap((item) => orphansOf(item, look, before));
    const known = new Map(look.sightings.map((sighting) => [keyOf(sighting), sighting]));
    const firstSeenAt = (orphan: Orphan) => known.get(keyOf(orphan))?.firstSeenAt ?? began;
    again.push(...found.filter((orphan) => firstSeenAt(orphan) <= seenBefore));
    const sightings = found.map((orphan) => ({
      ...orphan,
      firstSeenAt: firstSeenAt(orphan),
      sweep: number ?? 0,
    }));
    if (number !== null && sightings.length > 0)
      await database.execute(sightOrphans, { backend: backend.name, sightings });
    objects += page.items.length;
    versions += page.items.reduce((sum, item) => sum + item.versions.length, 0);
    orphans += found.length;
    cursor = page.next;
    if (cursor === null || objects >= limits.sweepObjectsMax) break;
  }
  return { objects, versions, orphans, again, restores };
}

/** What of an object is nobody's. */
export function orphansOf(
  item: OwnedObject,
  { rows, living, busy }: Pick<Look, "rows" | "living" | "busy">,
  before: number,
): readonly Orphan[] {
  const secretId = secretIdIn(item.ref);
  // A name that is not of the usual form was not given here; it is left alone.
  if (secretId === null || busy.includes(secretId)) return [];
  const own = rows.filter(({ ref }) => ref === item.ref);
  const young = (at: number) => at > before;
  const dead = !living.includes(secretId) && own.length === 0;
  if (dead) {
    const resting = !young(item.createdAt) && !item.versions.some(({ createdAt }) => young(createdAt));
    return resting ? [{ ref: item.ref, version: "" }] : [];
  }
  return item.versions
    .filter(({ version, writeId, createdAt }) => {
      const known = own.some(
        (row) => row.version === version || (writeId !== null && row.writeId === writeId),
      );
      return !known && !young(createdAt);
    })
    .map(({ version }) => ({ ref: item.ref, version }));
}

/** Every adapter's names end in the id of their secret. */
function secretIdIn(ref: string): string | null {
  const id = ref.slice(-36);
  return isUuid(id) ? id : null;
}

function keyOf({ ref, version }: Orphan): string {
  return `${ref}\n${version}`;
}

type Removed = Pick<SweepReport, "removed" | "failed">;

const none: Removed = { removed: 0, failed: 0 };

/** What cannot go stays for the next sweep: an orphan harms nobody. */
async function remove(
  backend: Backend,
  orphans: readonly Orphan[],
  stopped: () => boolean,
): Promise<Removed> {
  let { removed, failed } = none;
  for (const { ref, version } of orphans) {
    if (stopped()) break;
    try {
      if (version === "") await backend.deleteObject(ref);
      else await backend.destroyVersion({ ref, version });
      removed += 1;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failed += 1;
      if (isSilent(error.failure)) break;
    }
  }
  return { removed, failed };
}
