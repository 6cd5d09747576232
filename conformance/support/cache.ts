// Where the clients of a suite lie: outside the tree, one folder for each dialect. A client is installed
// anew when what pins it has changed, and is there only once its installation has come to its end.
import { hash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";

export function cacheOf(dialect: string): string {
  const { COFFER_CONFORMANCE_CACHE: own, XDG_CACHE_HOME: shared = join(homedir(), ".cache") } = process.env;
  return join(own ?? join(shared, "coffer-conformance"), dialect);
}

/** The folder that `install` fills, kept for as long as every file under `pins` stays as it is. */
export async function installed(
  dialect: string,
  client: string,
  pins: string,
  install: (folder: string) => Promise<void>,
): Promise<string> {
  const cache = cacheOf(dialect);
  const folder = placeOf(dialect, client, pins);
  if (existsSync(folder)) return folder;
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await install(partial);
    for (const name of readdirSync(cache)) {
      const older = name.startsWith(`${client}-`) && digestForm.test(name.slice(client.length + 1));
      if (older) rmSync(join(cache, name), { recursive: true });
    }
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Where it is installed already; null where it is not. */
export function installedAt(dialect: string, client: string, pins: string): string | null {
  const folder = placeOf(dialect, client, pins);
  return existsSync(folder) ? folder : null;
}

function placeOf(dialect: string, client: string, pins: string): string {
  return join(cacheOf(dialect), `${client}-${digestOf(pins)}`);
}

const digestForm = /^[0-9a-f]{16}$/;

function digestOf(pins: string): string {
  const files = statSync(pins).isDirectory()
    ? readdirSync(pins, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
    : [pins];
  const pinned = files.map((file) => `${relative(pins, file)}\n${hash("sha256", readFileSync(file))}`);
  return hash("sha256", pinned.join("\n")).slice(0, 16);
}
