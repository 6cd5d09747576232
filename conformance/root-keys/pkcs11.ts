// The package that the provider "pkcs11" loads: compiled on this machine, so it is no dependency of Coffer's
// own tree, where an installation must not need a compiler. Run by itself, this file installs it, so that
// `npm test` finds it.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { installed } from "../support/cache.ts";
import { install } from "../support/processes.ts";
import { pins } from "./find-pkcs11.ts";

export async function installPkcs11js(): Promise<string> {
  const folder = await installed("root-keys", "pkcs11js", pins, async (into) => {
    console.log("compiling pkcs11js");
    for (const file of ["package.json", "package-lock.json"])
      copyFileSync(join(pins, file), join(into, file));
    await install("npm", ["ci", "--no-audit", "--no-fund"], into);
  });
  return join(folder, "node_modules");
}

if (import.meta.main) await installPkcs11js();
