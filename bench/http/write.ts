// A durable write, against raw SQLite. The write is the dearest there is: a new secret, that is its
// row, its first version, a change in the feed and an audit entry, sealed, authorized and on disk.
import { ask, end, startScript } from "../children.ts";
import type { Row } from "../row.ts";
import { load } from "./load.ts";
import type { RawJob, RawResult } from "./raw-writer.ts";

/** Runs write names of their own: beyond those of the fill, and far apart. */
const namesPerRun = 1_000_000;

export const write: Row = {
  name: "write",
  what: "create a secret through HTTP, 32 callers, against one row per commit of raw SQLite, synchronous=FULL",
  unit: "x",
  better: "more",
  must: 0.5,
  aim: 1,
  async measure({ plan, coffer, folder }, run) {
    const raw = await rawWrites({ folder, ...plan });
    const { url, token, pid } = coffer;
    const requests = { kind: "create", from: namesPerRun * (run + 1) } as const;
    const written = await load({ url, pid, token, connections: plan.connections, requests, until: plan });
    return {
      measured: written.perSecond / raw.perSecond,
      parts: {
        "creates/s": written.perSecond,
        "raw commits/s": raw.perSecond,
        "p50 ms": written.p50Ms,
        "p99 ms": written.p99Ms,
        "server cores": written.serverCores,
        "generator cores": written.generatorCores,
      },
    };
  },
};

async function rawWrites({ folder, warmSeconds, seconds }: RawJob): Promise<RawResult> {
  const writer = startScript(new URL("./raw-writer.ts", import.meta.url));
  try {
    const job: RawJob = { folder, warmSeconds, seconds };
    return (await ask(writer, job)) as RawResult; // our own process, of the same source
  } finally {
    await end(writer, "SIGKILL");
  }
}
