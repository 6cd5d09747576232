// Load as a row asks for it. autocannon runs in a process of its own, for the yardstick and for the
// server alike: on a machine with few cores it takes its share from both. Keeps: a load in which one
// answer was not 2xx, or one connection failed, is an error and never a figure.
import type { ChildProcess } from "node:child_process";
import { ask, end, startScript } from "../children.ts";
import type { Selection } from "./secrets.ts";

export type Requests =
  | { readonly kind: "reveal"; readonly secrets: Selection }
  | { readonly kind: "batch"; readonly secrets: Selection; readonly size: number }
  | { readonly kind: "rewrite"; readonly secrets: Selection }
  /** New secrets from this number on, each once. */
  | { readonly kind: "create"; readonly from: number }
  | { readonly kind: "get"; readonly paths: readonly string[] }
  /** One path, by each of these tokens in turn. */
  | { readonly kind: "tokens"; readonly path: string; readonly tokens: readonly string[] };

export interface Job {
  readonly url: string;
  /** The process that answers, for its share of the processor. */
  readonly pid: number;
  readonly token: string;
  readonly connections: number;
  readonly requests: Requests;
  /** For so long, after warming up for so long; or so many requests and no more. */
  readonly until: { readonly warmSeconds: number; readonly seconds: number } | { readonly amount: number };
}

export interface Load {
  readonly answers: number;
  readonly perSecond: number;
  readonly bytesPerAnswer: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time by wall time: 1 is one core all the time. */
  readonly generatorCores: number;
  readonly serverCores: number;
}

/** What the generator's process sends back. */
export interface Generated extends Load {
  /** Answers that were not 2xx, broken connections and requests that nobody answered. */
  readonly failures: number;
}

export async function load(job: Job): Promise<Load> {
  const generator = startScript(new URL("./generator.ts", import.meta.url));
  try {
    // Over the channel: command lines are for everyone to read, and the job carries a token.
    const generated = (await ask(generator, job)) as Generated; // our own process, of the same source
    const { failures, ...figures } = generated;
    if (failures > 0 || figures.answers === 0) {
      throw new Error(`${failures} of ${figures.answers + failures} ${job.requests.kind} requests failed`);
    }
    return figures;
  } finally {
    await end(generator, "SIGKILL");
  }
}

/** Load that goes on until it is broken off; nobody asks how it went. */
export function endlessLoad(job: Omit<Job, "until">): { stop(): Promise<void> } {
  const generator: ChildProcess = startScript(new URL("./generator.ts", import.meta.url));
  generator.send({ ...job, until: { warmSeconds: 0, seconds: 3_600 } } satisfies Job);
  return { stop: () => end(generator, "SIGKILL") };
}
