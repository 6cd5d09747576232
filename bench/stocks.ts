// Further servers beside the one that most rows share: some rows hold a server with much in it against
// one with little. Each is filled once in a run, when a row first wants it, and stays as it is.
import { join } from "node:path";
import { ask, end, startScript } from "./children.ts";
import { type Coffer, openCoffer } from "./coffer.ts";
import { rounded } from "./table.ts";

/** What is in it. */
export interface Stock {
  readonly secrets: number;
  /** Of the secrets; each has one. 0: they have none. */
  readonly policies: number;
  /** They hold grants and have tokens, `perMachine` of both. */
  readonly machines: number;
}

export const perMachine = 100;

/** Credentials into a stock beside its owner's. */
export interface Credentials {
  /** Of a job that meets every policy. */
  readonly job: string;
  /** Tokens of machines, evenly from all there are. */
  readonly machines: readonly string[];
}

/** How many of the machines' tokens are handed out; there are at least so many, or none. */
export const machineTokens = 1_000;

export interface Stocked extends Credentials {
  readonly coffer: Coffer;
  readonly stock: Stock;
}

export interface Stocks {
  open(name: string, stock: Stock): Promise<Stocked>;
  stop(): Promise<void>;
}

/** What the process is told that fills one. */
export interface Filling {
  readonly data: string;
  /** Null: the embedded database. */
  readonly database: string | null;
  readonly stock: Stock;
}

export function stocksIn(
  folder: string,
  parts: {
    readonly database: () => Promise<string | null>;
    readonly rest: (database: string) => Promise<void>;
    readonly talk: (text: string) => void;
  },
): Stocks {
  const opened = new Map<string, Promise<Stocked>>();

  const filled = async (name: string, stock: Stock): Promise<Stocked> => {
    const place = { data: join(folder, name), database: await parts.database() };
    const { secrets, policies, machines } = stock;
    const beside = machines === 0 ? "" : `, ${rounded(machines * perMachine)} tokens and as many grants`;
    parts.talk(`Filling "${name}": ${rounded(secrets)} secrets, ${rounded(policies)} policies${beside} ...`);
    const startedMs = performance.now();
    const filler = startScript(new URL("./http/filler.ts", import.meta.url));
    try {
      const filling: Filling = { ...place, stock };
      const credentials = (await ask(filler, filling)) as Credentials; // our own process, of the same source
      parts.talk(`  ${rounded((performance.now() - startedMs) / 1_000)} s`);
      if (place.database !== null) await parts.rest(place.database);
      return { ...credentials, stock, coffer: await openCoffer({ ...place, profile: null }) };
    } finally {
      await end(filler, "SIGKILL");
    }
  };

  return {
    open(name, stock) {
      let found = opened.get(name);
      if (found === undefined) {
        found = filled(name, stock);
        opened.set(name, found);
      }
      return found;
    },
    async stop() {
      const all = await Promise.allSettled(opened.values());
      for (const one of all) if (one.status === "fulfilled") await one.value.coffer.stop();
    },
  };
}
