// The jobs that keep a node in shape: what is old goes, and free space is watched. Whatever cannot
// be undone waits while time is not to be trusted.
import type { Logger } from "pino";
import { newestHeadAt } from "../core/audit/retention.ts";
import type { FaultModule } from "../storage/faults.ts";
import { reconciling } from "./backends.ts";
import type { NodeParts, OpenNode } from "./compose.ts";
import type { Config } from "./config.ts";
import { every, type Job, type JobMeter } from "./jobs.ts";
import { auditRetention } from "./retention.ts";
import { steadiness } from "./steady.ts";

const sweepEveryMs = 60_000;
const rotateEveryMs = 1_000;
const deleteEveryMs = 1_000;
/** Several times within limits.nodeLeaseMs. */
const announceEveryMs = 10_000;
const retainEveryMs = 60 * 60 * 1000;
/** A disk that fills at 100 MB/s is noticed within the default reserve. */
const measureEveryMs = 2_000;

export async function upkeep(
  node: OpenNode,
  config: Config,
  log: Logger,
  { faults, givenBackends }: NodeParts,
  meter: (job: string) => JobMeter,
): Promise<Job> {
  const { context, reserve } = node;
  const { clock, database } = context;
  // Before this process signs its first head.
  const lastSeenAt = await database.point(newestHeadAt, null);
  const steady = steadiness({ clock, monotonicMs: () => performance.now(), lastSeenAt, log });
  const module: FaultModule | null = faults === undefined ? null : await import(faults.href);
  const retain = auditRetention({
    context,
    keptMs: config.auditKeptMs,
    folder: config.auditArchive,
    log,
    fault: module?.fault ?? null,
  });
  await reserve.measure();
  let stopped = false;
  // What is removed for good is removed by one node, and by none whose time is not to be trusted.
  const mayRemove = async () => steady.check() && (await node.leads());
  const measuring = every(measureEveryMs, () => reserve.measure(), log, meter("space"));
  const sweeping = every(
    sweepEveryMs,
    async () => void ((await mayRemove()) && (await node.sweep(() => stopped))),
    log,
    meter("sweep"),
  );
  const retaining = every(
    retainEveryMs,
    async () => void ((await mayRemove()) && (await retain(() => stopped))),
    log,
    meter("retention"),
  );
  const rotating = every(rotateEveryMs, () => node.rotate(() => stopped), log, meter("rotation"));
  const deleting = every(deleteEveryMs, () => node.finishDeletions(() => stopped), log, meter("deletions"));
  const announcing = every(announceEveryMs, () => node.announce(), log, meter("presence"));
  const reconcile = givenBackends === undefined ? reconciling(context, log, steady.check) : null;
  const { periodMs } = context.backends.rules;
  const reconcilers =
    reconcile === null ? [] : [every(periodMs, () => reconcile(() => stopped), log, meter("backends"))];
  const jobs = [measuring, announcing, sweeping, retaining, rotating, deleting, ...reconcilers];
  return {
    async stop() {
      // Before any of them is waited for: each ends with the part that it is at.
      stopped = true;
      await Promise.all(jobs.map((job) => job.stop()));
    },
  };
}
