// A job reveals, where each secret has a claim policy of its own, against a store in which all have the
// same one.
import type { Row, Setting } from "../row.ts";
import type { Stocked } from "../stocks.ts";
import { against } from "./against.ts";
import { load } from "./load.ts";
import { select } from "./secrets.ts";

const fewMachines = 10;

/** Little of everything that decides about access, and much; as many secrets. */
export async function littleAndMuch({ plan, stocks }: Setting): Promise<readonly [Stocked, Stocked]> {
  const { policies: secrets, machines } = plan.many;
  const little = await stocks.open("little", { secrets, policies: 1, machines: fewMachines });
  const much = await stocks.open("much", { secrets, policies: secrets, machines });
  return [little, much];
}

/** A policy is parsed when it is first asked for: that is paid once after a start, and not measured here. */
async function parseAll({ coffer, job, stock }: Stocked, connections: number): Promise<void> {
  const { url, pid } = coffer;
  const requests = { kind: "reveal", secrets: select(stock.secrets, stock.secrets) } as const;
  await load({ url, pid, token: job, connections, requests, until: { amount: stock.secrets } });
}

export const policies: Row = {
  name: "policies",
  what: "a job reveals, with 10,000 policies in the store, against 1; all of the secrets in turn",
  unit: "x",
  better: "less",
  must: 1.25,
  aim: 1.1,
  async measure(setting, run) {
    const [little, much] = await littleAndMuch(setting);
    if (run === 0) for (const one of [little, much]) await parseAll(one, setting.plan.connections);
    const side = (stocked: Stocked) => {
      const { secrets } = stocked.stock;
      return {
        stocked,
        token: stocked.job,
        requests: { kind: "reveal", secrets: select(secrets, secrets) } as const,
      };
    };
    return against(side(little), side(much), setting.plan);
  },
};
