// The process that makes the load: takes one job, answers with what it saw, and lives until it is
// ended. It knows HTTP and nothing of the server behind it.
import { setTimeout as sleep } from "node:timers/promises";
import { processorSeconds } from "../children.ts";
import { converse } from "./connection.ts";
import type { Generated, Job } from "./load.ts";
import { bytesOf, requestsOf } from "./requests.ts";
import { Tally } from "./tally.ts";

process.once("message", async (job: Job) => {
  process.send?.(await fire(job));
});

async function fire(job: Job): Promise<Generated> {
  const url = new URL(job.url);
  const tally = new Tally();
  const bound = boundOf(job);
  const bytes = bytesOf(job);
  const requests = requestsOf(job);
  let since = usage(job);
  const talks = Array.from({ length: job.connections }, (_, client) => {
    const ask = requests(client);
    return converse(url, () => (bound.more() ? bytes(ask()) : null), tally);
  });
  if (bound.warmSeconds > 0) {
    await sleep(bound.warmSeconds * 1_000);
    // A request that failed while warming up must not be forgotten: it ends the run.
    if (tally.failures === 0) tally.clear();
    since = usage(job);
  }
  await Promise.all(talks);
  const { answers, failures } = tally;
  const until = usage(job);
  const seconds = (tally.lastMs - since.ms) / 1_000;
  return {
    answers,
    failures,
    perSecond: answers / seconds,
    bytesPerAnswer: tally.bytes / (answers + failures),
    p50Ms: tally.within(0.5),
    p99Ms: tally.within(0.99),
    generatorCores: (until.own - since.own) / seconds,
    serverCores: (until.server - since.server) / seconds,
  };
}

interface Bound {
  readonly warmSeconds: number;
  /** Whether one more request may be sent. */
  more(): boolean;
}

function boundOf({ until }: Job): Bound {
  if ("amount" in until) {
    let left = until.amount;
    return {
      warmSeconds: 0,
      more() {
        left -= 1;
        return left >= 0;
      },
    };
  }
  const { warmSeconds, seconds } = until;
  const endMs = performance.now() + (warmSeconds + seconds) * 1_000;
  return { warmSeconds, more: () => performance.now() < endMs };
}

/** Processor time in seconds, of this process and of the server. */
function usage(job: Job): { readonly ms: number; readonly own: number; readonly server: number } {
  const { user, system } = process.cpuUsage();
  return { ms: performance.now(), own: (user + system) / 1e6, server: processorSeconds(job.pid) };
}
