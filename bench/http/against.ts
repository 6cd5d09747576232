// The time of a request where there is much, in times of the same request where there is little. Both
// servers stand side by side and are asked in turn.
import type { Plan, Run } from "../row.ts";
import type { Stocked } from "../stocks.ts";
import { type Load, load, type Requests } from "./load.ts";

/** Two loads in each of many runs; the ratio of two alike servers needs less time than that to a yardstick. */
const secondsMax = 2;

export interface Side {
  readonly stocked: Stocked;
  readonly requests: Requests;
  /** Absent: the owner's. */
  readonly token?: string;
}

export async function against(little: Side, much: Side, plan: Plan): Promise<Run> {
  const before = await measured(little, plan);
  const after = await measured(much, plan);
  return {
    measured: before.perSecond / after.perSecond,
    parts: {
      "requests/s with much": after.perSecond,
      "with little": before.perSecond,
      "p99 ms with much": after.p99Ms,
      "p99 ms with little": before.p99Ms,
      "server ms with much": serverMs(after),
      "server ms with little": serverMs(before),
    },
  };
}

/** Of the processor, for one request: other programs on the machine hardly move it. */
export function serverMs({ serverCores, perSecond }: Load): number {
  return (serverCores / perSecond) * 1_000;
}

function measured({ stocked: { coffer }, requests, token }: Side, plan: Plan): Promise<Load> {
  const { url, pid, token: owners } = coffer;
  const until = { warmSeconds: Math.min(plan.warmSeconds, 1), seconds: Math.min(plan.seconds, secondsMax) };
  return load({ url, pid, token: token ?? owners, connections: plan.connections, requests, until });
}
