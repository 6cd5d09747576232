// The retention of the audit trail: a range of old entries goes to the archive, is read there again,
// gets its record, and only then its rows are removed. A kill between any two steps leaves either all
// rows, or a record that covers what is missing; the next run goes on from there.
import { stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import {
  dueStreams,
  recordRemoval,
  removalStanding,
  removeRecorded,
  restateDigests,
} from "../core/audit/retention.ts";
import type { DueStream } from "../core/audit/trail.ts";
import { systemCaller } from "../core/caller.ts";
import { readKeys } from "../core/installation.ts";
import { limits } from "../core/limits.ts";
import type { Context } from "../core/ports.ts";
import { type EngineLog, traceOf } from "../storage/engine.ts";
import type { Fault } from "../storage/faults.ts";
import { type Archive, ArchiveFailure, auditArchive, exported } from "./archive.ts";
import { oldEntries } from "./segment.ts";

const streamsPerLook = 100;
const tellEveryMs = 24 * 60 * 60 * 1000;
/** A stream is looked at once its oldest entry is this much too old: else each run made a small file. */
const gatheredMs = 7 * 24 * 60 * 60 * 1000;
/** Between two chunks: a long removal leaves the writer to those who wait. */
const breathMs = 5;

export interface RetentionParts {
  readonly context: Context;
  readonly keptMs: number;
  /** Null: nothing is ever removed. */
  readonly folder: string | null;
  readonly log: EngineLog;
  readonly fault: Fault | null;
}

/** Answers the work of one run. It ends early when `isStopped` says so, between two chunks. */
export function auditRetention(parts: RetentionParts): (isStopped: () => boolean) => Promise<void> {
  const { context, folder, log } = parts;
  const { database, clock } = context;
  const archive = folder === null ? null : auditArchive(folder, parts.fault);
  let toldMs = Number.NEGATIVE_INFINITY;
  const tellOnceADay = (message: string) => {
    if (performance.now() - toldMs < tellEveryMs) return;
    toldMs = performance.now();
    log.warn({}, message);
  };
  return async (isStopped) => {
    const before = clock.now() - parts.keptMs;
    const look = (after: string) =>
      database.scan(dueStreams, { before: before - gatheredMs, after, limit: streamsPerLook });
    let due = await look("");
    if (due.length === 0) return;
    if (folder === null || archive === null) {
      return tellOnceADay("audit entries older than audit.keep are kept: audit.archive names no folder");
    }
    if ((await stat(folder).catch(() => null))?.isDirectory() !== true) {
      return tellOnceADay("audit entries older than audit.keep are kept: audit.archive is not there");
    }
    await archive.tidy();
    const run: Run = { ...parts, archive, before, isStopped };
    for (;;) {
      for (const stream of due) {
        if (isStopped()) return;
        await trim(run, stream);
      }
      const last = due.at(-1);
      if (last === undefined || due.length < streamsPerLook) return;
      due = await look(last.id);
    }
  };
}

interface Run extends RetentionParts {
  readonly archive: Archive;
  readonly before: number;
  readonly isStopped: () => boolean;
}

async function trim(run: Run, stream: DueStream): Promise<void> {
  try {
    do await removeRows(run, stream.id);
    while (!run.isStopped() && (await recordSegment(run, stream)));
  } catch (error) {
    // One stream that was tampered with must not keep the others from being trimmed.
    if (!(error instanceof ArchiveFailure)) throw error;
    const fields = { stream: stream.id, reason: error.message, ...traceOf(error) };
    run.log.error(fields, "audit entries are kept that cannot be archived: run `coffer audit verify`");
  }
}

/** Archives what may go next and leaves its record; false if there is nothing, or another node was faster. */
async function recordSegment({ context, archive, before, log }: Run, stream: DueStream): Promise<boolean> {
  const { database, keyring, clock } = context;
  const { newest, removed } = await database.point(removalStanding, { stream: stream.id });
  const old = oldEntries(database, stream, { after: removed.to, before });
  const first = await old.entries.next();
  if (first.done === true) return false;
  const firstSeq = removed.to + 1;
  const range = () => {
    const { seq, hash } = old.end();
    const hex = Buffer.from(hash).toString("hex");
    return { stream: stream.id, firstSeq, lastSeq: seq, before: removed.hash, hash: hex };
  };
  const { internalKeys } = await database.point(readKeys, null);
  const file = await archive.put(() => `audit-${stream.id}-${firstSeq}-${old.end().seq}.jsonl`, {
    installation: keyring.installationId,
    keys: internalKeys.flatMap(({ purpose, publicKey }) =>
      purpose === "audit-signing" && publicKey !== null ? [publicKey] : [],
    ),
    stream: {
      id: stream.id,
      node: stream.node,
      openedAt: stream.openedAt,
      closedAt: stream.closed?.at ?? null,
      lastSeq: stream.closed?.seq ?? null,
      lastHash: stream.closed === null ? "" : Buffer.from(stream.closed.hash).toString("hex"),
    },
    entries: (async function* () {
      yield exported(first.value);
      for await (const entry of old.entries) yield exported(entry);
    })(),
    end: () => ({ archived: range(), head: keyring.signHead(old.end(), clock.now()) }),
  });
  const restated = old.restated();
  for (let from = 0; from < restated.length; from += limits.auditChunkRows) {
    const items = restated.slice(from, from + limits.auditChunkRows);
    await database.execute(restateDigests, { caller: systemCaller("retention"), at: clock.now(), items });
  }
  const at = clock.now();
  const { lastSeq } = range();
  const numbered = { number: newest.number + 1, previous: newest.hash };
  const segment = keyring.signSegment({ ...numbered, ...range(), count: lastSeq - firstSeq + 1, at, file });
  const recorded = await database.execute(recordRemoval, { caller: systemCaller("retention"), at, segment });
  if (recorded) log.info({ stream: stream.id, firstSeq, lastSeq, file }, "audit entries were archived");
  return recorded;
}

/** Removes rows that a record covers; what an earlier run left, too. */
async function removeRows({ context, isStopped }: Run, stream: string): Promise<void> {
  const { auditChunkRows: limit } = limits;
  while ((await context.database.execute(removeRecorded, { stream, limit })) > 0) {
    if (isStopped()) return;
    await pause(breathMs);
  }
}
