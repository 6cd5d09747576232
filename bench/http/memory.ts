// Resident memory of a server that has just carried all kinds of load over all its secrets.
import { memoryBytes } from "../children.ts";
import type { Row } from "../row.ts";
import { load, type Requests } from "./load.ts";
import { hotSetSize } from "./reveal.ts";
import { select } from "./secrets.ts";

const megabyte = 1e6;

export const memory: Row = {
  name: "memory",
  what: "resident memory with all secrets, after revealing each, batches and new versions",
  unit: "MB",
  better: "less",
  must: 200,
  aim: 120,
  async measure({ plan, coffer }) {
    await coffer.stop();
    await coffer.start();
    const { url, token, pid } = coffer;
    const everything = select(plan.secrets, plan.secrets);
    const carry = (requests: Requests, until: typeof plan | { amount: number }) =>
      load({ url, pid, token, connections: plan.connections, requests, until });
    const megabytes = (line: Parameters<typeof memoryBytes>[1]) => memoryBytes(pid, line) / megabyte;
    const idle = megabytes("VmRSS");
    await carry({ kind: "reveal", secrets: everything }, { amount: plan.secrets });
    const afterReveals = megabytes("VmRSS");
    await carry({ kind: "batch", secrets: everything, size: 100 }, plan);
    const afterBatches = megabytes("VmRSS");
    await carry({ kind: "rewrite", secrets: select(plan.secrets, hotSetSize) }, plan);
    await carry({ kind: "reveal", secrets: everything }, plan);
    return {
      measured: megabytes("VmRSS"),
      parts: {
        "started MB": idle,
        "after reveals MB": afterReveals,
        "after batches MB": afterBatches,
        "own MB": megabytes("RssAnon"),
        "of files MB": megabytes("RssFile"),
        "peak MB": megabytes("VmHWM"),
      },
    };
  },
};
