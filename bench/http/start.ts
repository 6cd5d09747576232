// From the start of the process to its first answer that it is ready, with all secrets in place: after
// a clean end, and after SIGKILL in the midst of writing. The page cache stays warm in both.
import { setTimeout as after } from "node:timers/promises";
import type { Coffer } from "../coffer.ts";
import type { Row, Run } from "../row.ts";
import { endlessLoad } from "./load.ts";
import { hotSetSize } from "./reveal.ts";
import { select } from "./secrets.ts";

export const start: Row = {
  name: "start",
  what: "start to ready with all secrets",
  unit: "s",
  better: "less",
  must: 2,
  aim: 0.7,
  measure: ({ coffer }) => startedAnew(coffer),
};

/** After a clean end. */
export async function startedAnew(coffer: Coffer): Promise<Run> {
  await coffer.stop();
  const readyMs = await coffer.start();
  return { measured: readyMs / 1_000, parts: { "ready ms": readyMs } };
}

export const startAfterKill: Row = {
  ...start,
  name: "start-killed",
  what: "start to ready with all secrets, after kill -9 under a load of writes",
  async measure({ plan, coffer }) {
    const { url, pid, token } = coffer;
    const requests = { kind: "rewrite", secrets: select(plan.secrets, hotSetSize) } as const;
    const writing = endlessLoad({ url, pid, token, connections: plan.connections, requests });
    await after(plan.seconds * 1_000);
    await coffer.kill();
    await writing.stop();
    const readyMs = await coffer.start();
    return { measured: readyMs / 1_000, parts: { "ready ms": readyMs } };
  },
};
