// Runs the real third-party clients against a server: `npm run conformance [-- DIALECT...]`.
// It knows only where they lie, conformance/<dialect>/run.ts, and whether each ended well. Every one
// brings its own clients and their lock file.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const built = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(here, entry.name, "run.ts")))
  .map((entry) => entry.name)
  .sort();

process.exitCode = conformance(process.argv.slice(2));

function conformance(wanted: readonly string[]): number {
  const unknown = wanted.filter((name) => !built.includes(name));
  if (unknown.length > 0) {
    const choice = built.length > 0 ? `built are: ${built.join(", ")}` : "none is built yet";
    console.error(`No third-party clients for ${unknown.map((name) => `"${name}"`).join(", ")}; ${choice}.`);
    return 2;
  }
  if (built.length === 0) {
    console.log("No dialect with a third-party client is built yet: there is nothing to run.");
    return 0;
  }
  const failed = (wanted.length > 0 ? wanted : built).filter((name) => !runClients(name));
  console.log(failed.length === 0 ? "All third-party clients passed." : `Failed: ${failed.join(", ")}.`);
  return failed.length === 0 ? 0 : 1;
}

function runClients(name: string): boolean {
  console.log(`── ${name}`);
  const ended = spawnSync(process.execPath, [join(here, name, "run.ts")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return ended.status === 0;
}
