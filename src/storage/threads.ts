// Threads of the engines: where their entry modules lie, and how much of the process they may take.
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";

/** An operation leaves little to collect; by itself a thread would take as much for it as the one that serves. */
const youngMegabytes = 3;

/** `data` is all that the thread is told: it gets no environment, and reads nothing from it. */
export function startThread(entry: URL, name: string, data: object): Worker {
  // What the launcher allows the serving thread would otherwise hold for every thread, whatever its limits.
  setFlagsFromString("--max-semi-space-size=0");
  return new Worker(entry, {
    workerData: data,
    name,
    env: threadEnvironment(),
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
  });
}

/** Where the process keeps compiled sources, the thread keeps them in the same place. */
function threadEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  // The folder it names is the one for this release of Node, inside the one that was asked for.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/** `url` names a source beside the module that asks; `from` is that module's `import.meta.url`. */
export function entryUrl(url: URL, from: string): URL {
  return from.endsWith(".ts") ? url : new URL(url.href.replace(/\.ts$/, ".js"));
}
