// A job reads a value as Buildkite's agent does, against the same job reading the same secrets natively:
// what the dialect costs.
import { randomUUID } from "node:crypto";
import type { Coffer } from "../coffer.ts";
import type { Row } from "../row.ts";
import { serverMs } from "./against.ts";
import { load } from "./load.ts";
import { hotSetSize } from "./reveal.ts";
import { namesOf, select, storePath } from "./secrets.ts";

export const agent: Row = {
  name: "agent",
  what: `a job reveals by Buildkite's agent route, against the native one; ${hotSetSize.toLocaleString("en-US")} of the secrets in turn`,
  unit: "x",
  better: "more",
  must: 0.9,
  aim: 1,
  async measure({ plan, coffer }) {
    const { url, pid } = coffer;
    const names = namesOf(select(plan.secrets, hotSetSize));
    const job = randomUUID();
    const token = await admitted(coffer, job);
    const measured = (paths: readonly string[]) =>
      load({ url, pid, token, connections: plan.connections, requests: { kind: "get", paths }, until: plan });
    const native = await measured(names.map((name) => `${storePath}/secrets/${name}/value`));
    const asAgent = await measured(names.map((name) => `/v3/jobs/${job}/secrets?key=${name}`));
    return {
      measured: asAgent.perSecond / native.perSecond,
      parts: {
        "agent's reveals/s": asAgent.perSecond,
        "native reveals/s": native.perSecond,
        "agent's p99 ms": asAgent.p99Ms,
        "native p99 ms": native.p99Ms,
        "agent's server ms": serverMs(asAgent),
        "native server ms": serverMs(native),
      },
    };
  },
};

async function admitted(coffer: Coffer, jobId: string): Promise<string> {
  const { body } = await coffer.request("POST", `${storePath}/jobs`, { jobId, claims: {} });
  return JSON.parse(body.toString()).token;
}
