// Reveals at a steady pace, whatever the server makes of it: a server that stands still for a moment
// lets requests gather, and each of them counts with all the time that it waited. `pacer.ts` is the
// process that sends them. Keeps: one answer that was not 200 makes it an error and never a figure.
import { ask, end, startScript } from "../children.ts";
import type { Selection } from "./secrets.ts";

export interface PacedJob {
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  readonly secrets: Selection;
  readonly perSecond: number;
  readonly warmSeconds: number;
  readonly seconds: number;
}

export interface Pace {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the process sends back: the time of each answer, or why there is none. */
export type Paced = { readonly times: readonly number[] } | { readonly failure: string };

export async function pace(job: PacedJob): Promise<Pace> {
  const pacer = startScript(new URL("./pacer.ts", import.meta.url));
  try {
    const paced = (await ask(pacer, job)) as Paced; // our own process, of the same source
    if ("failure" in paced) throw new Error(`reveals at a pace failed: ${paced.failure}`);
    const sorted = paced.times.toSorted((one, other) => one - other);
    const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    await end(pacer, "SIGKILL");
  }
}
