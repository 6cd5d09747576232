// The clients that are run, built by Go from what its module proxy serves.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { installed } from "../support/cache.ts";
import { install } from "../support/processes.ts";

const here = import.meta.dirname;

export interface Clients {
  /** The program `buildkite-agent`. */
  readonly agent: string;
  /** A program of ours that does as its input says by Buildkite's own Go library. */
  readonly rest: string;
}

/** Null without Go. */
export async function buildClients(): Promise<Clients | null> {
  const go = spawnSync("go", ["version"], { stdio: "ignore" });
  if (go.error !== undefined) return null;
  return {
    agent: await build("agent", "buildkite-agent", "github.com/buildkite/agent/v3"),
    rest: await build("rest", "rest", "."),
  };
}

async function build(client: string, program: string, source: string): Promise<string> {
  const pins = join(here, client);
  const folder = await installed("buildkite", client, pins, (into) => {
    console.log(`building ${program}`);
    const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false"];
    return install("go", ["build", ...flags, "-o", join(into, program), source], pins);
  });
  return join(folder, program);
}
