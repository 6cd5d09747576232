// The clients that are run: Bitwarden's own, as their registries have them. `bws` is built here from its
// source, with the lock file that its release carries.
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installed } from "../support/cache.ts";
import { install, machineEnvironment, run } from "../support/processes.ts";
import { installPackages, type Packages } from "../support/python.ts";

const here = import.meta.dirname;

/** The folder in which `@bitwarden/sdk-napi` can be required. */
export async function installNode(): Promise<string> {
  const pins = join(here, "npm");
  return installed("bitwarden", "npm", pins, async (into) => {
    console.log("installing @bitwarden/sdk-napi");
    for (const file of ["package.json", "package-lock.json"])
      copyFileSync(join(pins, file), join(into, file));
    // As the lock file has it; `npm ci` refuses one without the builds for other systems, which not every
    // registry has.
    await install("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], into);
  });
}

export function installPython(): Promise<Packages> {
  return installPackages("bitwarden", "python", join(here, "python"));
}

/** The program, or why there is none: it takes a Rust compiler and some minutes. */
export async function installBws(): Promise<{ readonly program: string } | { readonly because: string }> {
  const options = { env: machineEnvironment() };
  const cargo = await run("cargo", ["--version"], options).catch(() => null);
  if (cargo?.code !== 0) return { because: "cargo is not installed" };
  const pins = join(here, "bws");
  const version = readFileSync(join(pins, "version"), "utf8").trim();
  const folder = await installed("bitwarden", "bws", pins, async (into) => {
    console.log(`building bws ${version}; that takes some minutes`);
    await install("cargo", ["install", "bws", "--version", version, "--locked", "--root", into], into);
  });
  return { program: join(folder, "bin", "bws") };
}
