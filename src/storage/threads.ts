// Where a thread's entry module lies: the source in a checkout, the build in an installed package.
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

/**
 * A thread gets no environment: it reads nothing from it. Where the process keeps compiled sources,
 * the thread keeps them in the same place.
 */
export function threadEnvironment(): Record<string, string> {
  const folder = getCompileCacheDir();
  // The folder it names is the one for this release of Node, inside the one that was asked for.
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) };
}

/** `url` names a source beside the module that asks; `from` is that module's `import.meta.url`. */
export function entryUrl(url: URL, from: string): URL {
  return from.endsWith(".ts") ? url : new URL(url.href.replace(/\.ts$/, ".js"));
}
