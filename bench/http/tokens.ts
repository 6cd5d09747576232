// A hundred thousand tokens and as many grants, against a thousand of each.
import type { Row, Run, Setting } from "../row.ts";
import type { Stocked } from "../stocks.ts";
import { against, serverMs } from "./against.ts";
import { type Load, load, type Requests } from "./load.ts";
import { littleAndMuch } from "./policies.ts";
import { hotSetSize } from "./reveal.ts";
import { secretName, select, storePath } from "./secrets.ts";

const much = "with 10^5 tokens and 10^5 grants, against 10^3";
const shared = { unit: "x", better: "less", must: 1.3, aim: 1.1 } as const;
const organization = "/v1/organizations/default";

/** One secret that all may read: what differs is who asks. */
const path = `${storePath}/secrets/${secretName(0)}/value`;

async function measure(setting: Setting, requestsOf: (stocked: Stocked) => Requests): Promise<Run> {
  const [few, many] = await littleAndMuch(setting);
  const side = (stocked: Stocked) => ({ stocked, requests: requestsOf(stocked) });
  return against(side(few), side(many), setting.plan);
}

export const revealTokens: Row = {
  ...shared,
  name: "reveal-tokens",
  what: `reveal one value by a thousand machines' tokens in turn, ${much}`,
  measure: (setting) => measure(setting, ({ machines: tokens }) => ({ kind: "tokens", path, tokens })),
};

export const listTokens: Row = {
  ...shared,
  name: "list-tokens",
  what: `a page of 100 secrets by a thousand machines' tokens in turn, ${much}`,
  measure: (setting) =>
    measure(setting, ({ machines: tokens }) => ({ kind: "tokens", path: `${storePath}/secrets`, tokens })),
};

export const listGrants: Row = {
  ...shared,
  name: "list-grants",
  what: `pages of 100 tokens and of 100 grants by the owner, ${much}`,
  measure: (setting) =>
    measure(setting, () => ({ kind: "get", paths: [`${organization}/tokens`, `${organization}/grants`] })),
};

const warmSeconds = 1;

/** Nothing of the tokens is in memory: the servers start anew, and are warm of other requests. */
export const firstUse: Row = {
  ...shared,
  name: "first-use",
  what: `the first reveal by each of a thousand tokens after a start, ${much}`,
  async measure(setting) {
    const [few, many] = await littleAndMuch(setting);
    const before = await firstUses(few, setting.plan.connections);
    const after = await firstUses(many, setting.plan.connections);
    return {
      measured: before.perSecond / after.perSecond,
      parts: {
        "first uses/s with much": after.perSecond,
        "with little": before.perSecond,
        "server ms with much": serverMs(after),
        "server ms with little": serverMs(before),
      },
    };
  },
};

async function firstUses({ coffer, machines, stock }: Stocked, connections: number): Promise<Load> {
  await coffer.stop();
  await coffer.start();
  const { url, pid, token } = coffer;
  const job = { url, pid, token, connections };
  const reveal = { kind: "reveal", secrets: select(stock.secrets, hotSetSize) } as const;
  await load({ ...job, requests: reveal, until: { warmSeconds: 0, seconds: warmSeconds } });
  const first = { kind: "tokens", path, tokens: machines } as const;
  return load({ ...job, requests: first, until: { amount: machines.length } });
}
