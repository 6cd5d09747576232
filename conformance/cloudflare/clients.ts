// The clients that are run: Cloudflare's own npm packages, and a program of ours on its Go library.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { installed } from "../support/cache.ts";
import { install } from "../support/processes.ts";

const pins = join(import.meta.dirname, "clients");
const program = join(import.meta.dirname, "go");

export interface Clients {
  /** The program `wrangler`, for Node. */
  readonly wrangler: string;
  /** The library as it is, and as it was when stores were created by lists. */
  readonly sdk: string;
  readonly olderSdk: string;
  /** A program of ours that leads a life by Cloudflare's own Go library. */
  readonly life: string;
}

export async function installClients(): Promise<Clients> {
  const folder = await installed("cloudflare", "npm", pins, async (into) => {
    console.log("installing cloudflare and wrangler");
    for (const file of ["package.json", "package-lock.json"])
      copyFileSync(join(pins, file), join(into, file));
    // As the lock file has it; `npm ci` refuses one without the builds for other systems, which not every
    // registry has. No program that an install script would fetch is needed here.
    await install("npm", ["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"], into);
  });
  const modules = join(folder, "node_modules");
  const built = await installed("cloudflare", "go", program, (into) => {
    console.log("building a program on cloudflare-go, which takes some minutes");
    return install("go", ["build", "-mod=readonly", "-trimpath", "-o", join(into, "life"), "."], program);
  });
  return {
    wrangler: join(modules, "wrangler", "bin", "wrangler.js"),
    sdk: join(modules, "cloudflare", "index.mjs"),
    olderSdk: join(modules, "cloudflare-5", "index.mjs"),
    life: join(built, "life"),
  };
}
