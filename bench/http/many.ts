// A store of a million secrets against one of a thousand: what is read by a key or by pages takes as
// long in both.
import type { Coffer } from "../coffer.ts";
import type { Row, Run, Setting } from "../row.ts";
import type { Stocked } from "../stocks.ts";
import { against } from "./against.ts";
import type { Requests } from "./load.ts";
import { hotSetSize } from "./reveal.ts";
import { secretName, select, storePath } from "./secrets.ts";

const fewSecrets = 1_000;
const bare = { policies: 0, machines: 0 };

const shared = { unit: "x", better: "less", must: 1.3, aim: 1.1 } as const;

export async function fewAndMany({ plan, stocks }: Setting): Promise<readonly [Stocked, Stocked]> {
  const few = await stocks.open("few", { secrets: fewSecrets, ...bare });
  const many = await stocks.open("many", { secrets: plan.many.secrets, ...bare });
  return [few, many];
}

async function measure(
  setting: Setting,
  requestsOf: (stocked: Stocked) => Requests | Promise<Requests>,
): Promise<Run> {
  const [few, many] = await fewAndMany(setting);
  const side = async (stocked: Stocked) => ({ stocked, requests: await requestsOf(stocked) });
  return against(await side(few), await side(many), setting.plan);
}

export const revealMany: Row = {
  ...shared,
  name: "reveal-many",
  what: `reveal one value with 10^6 secrets in the store, against 10^3; ${hotSetSize.toLocaleString("en-US")} of them in turn`,
  measure: (setting) =>
    measure(setting, ({ stock }) => ({ kind: "reveal", secrets: select(stock.secrets, hotSetSize) })),
};

export const listMany: Row = {
  ...shared,
  name: "list-many",
  what: "a page of 100 secrets by creation or by name, from either end or further in, with 10^6 in the store, against 10^3",
  measure: (setting) =>
    measure(setting, async ({ coffer }) => ({ kind: "get", paths: await pagePaths(coffer) })),
};

const secretsPath = `${storePath}/secrets`;
const orders = ["", "direction=desc", "order=name", "order=name&direction=desc"];
/** As many as a thousand secrets have, so that both sides are asked for the same. */
const pagesIn = 9;

/** The first pages of each order, and those that follow. */
async function pagePaths(coffer: Coffer): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const order of orders) {
    let path = `${secretsPath}?${order}`;
    for (let page = 0; page < pagesIn; page += 1) {
      paths.push(path);
      const { body } = await coffer.request("GET", path);
      path = `${secretsPath}?${order}&cursor=${encodeURIComponent(JSON.parse(body.toString()).nextCursor)}`;
    }
  }
  return paths;
}

/** Each fills its page within the first thousand secrets. */
const terms = ["password", "service_0", "0_pass", "5_pass"];

export const searchMany: Row = {
  ...shared,
  name: "search-many",
  what: "a search that fills its page, with 10^6 secrets in the store, against 10^3",
  measure: (setting) =>
    measure(setting, () => ({ kind: "get", paths: terms.map((term) => `${secretsPath}?search=${term}`) })),
};

const rareTimes = 5;

/** What is found in one secret or in none is looked for in all of them. */
export const searchRare: Row = {
  ...shared,
  name: "search-rare",
  what: "a search that finds one secret of 10^6, against one of 10^3; one caller",
  must: null,
  aim: null,
  async measure(setting) {
    const [few, many] = await fewAndMany(setting);
    const [little, much] = [await rareMs(few.coffer), await rareMs(many.coffer)];
    return { measured: much / little, parts: { "ms with much": much, "ms with little": little } };
  },
};

async function rareMs(coffer: Coffer): Promise<number> {
  const path = `${secretsPath}?search=${secretName(fewSecrets / 2)}`;
  await coffer.request("GET", path);
  const startedMs = performance.now();
  for (let time = 0; time < rareTimes; time += 1) await coffer.request("GET", path);
  return (performance.now() - startedMs) / rareTimes;
}
