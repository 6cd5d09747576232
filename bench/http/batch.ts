// The price of one request for a hundred values, in requests for one.
import type { Row, Run, Setting } from "../row.ts";
import { load, type Requests } from "./load.ts";
import { hotSetSize } from "./reveal.ts";
import { namesOf, select, storePath } from "./secrets.ts";

const size = 100;

const what = `batch reveal of ${size} against one, in requests/s`;

/** What one caller pays who asks for a hundred at once: one commit instead of a hundred. */
export const batch: Row = {
  name: "batch",
  what: `${what}, one caller`,
  unit: "x",
  better: "less",
  must: 10,
  aim: 6,
  measure: (setting) => measure(setting, 1),
};

/**
 * The same where the server has no time left over. Opening a hundred values and writing a hundred
 * entries is work that no sharing saves, so this is far above the price that a caller sees.
 */
export const batchFull: Row = {
  ...batch,
  name: "batch-full",
  what: `${what}, 32 connections`,
  must: null,
  aim: null,
  measure: (setting) => measure(setting, setting.plan.connections),
};

async function measure({ plan, coffer }: Setting, connections: number): Promise<Run> {
  const secrets = select(plan.secrets, hotSetSize);
  const { url, token, pid } = coffer;
  const asked = namesOf(secrets).slice(0, size);
  const { body } = await coffer.request("POST", `${storePath}/values`, { names: asked });
  const items: { name?: unknown; value?: unknown }[] = JSON.parse(body.toString()).items;
  const complete = items.filter((item, at) => item.name === asked[at] && typeof item.value === "string");
  if (complete.length !== size) throw new Error(`a batch of ${size} had ${complete.length} values`);

  const run = (requests: Requests) => load({ url, pid, token, connections, requests, until: plan });
  const one = await run({ kind: "reveal", secrets });
  const hundred = await run({ kind: "batch", secrets, size });
  return {
    measured: one.perSecond / hundred.perSecond,
    parts: {
      "reveals/s": one.perSecond,
      "batches/s": hundred.perSecond,
      "values/s in batches": hundred.perSecond * size,
      "batch p50 ms": hundred.p50Ms,
      "batch p99 ms": hundred.p99Ms,
      "server cores": hundred.serverCores,
      "generator cores": hundred.generatorCores,
    },
  };
}
