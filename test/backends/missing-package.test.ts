// An installation whose configuration wants AWS' client, where that was not installed beside Coffer.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "coffer-missing-"));
afterAll(() => rmSync(folder, { recursive: true }));

const program = join(import.meta.dirname, "../../src/main.ts");

/** As if npm had not installed the package. */
const without = `
import { registerHooks } from "node:module";
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith("@aws-sdk/")) return next(specifier, context);
    const error = new Error("Cannot find package '" + specifier + "' imported from " + context.parentURL);
    throw Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
  },
});
`;

test("the start names the package, how to install it, and ends", () => {
  const hooks = join(folder, "without.mjs");
  const file = join(folder, "coffer.yaml");
  writeFileSync(hooks, without);
  writeFileSync(file, "backends: { aws-main: { kind: aws-secrets-manager, region: eu-central-1 } }\n");
  const place = ["--data", join(folder, "data"), "--listen", "127.0.0.1:0", "--config", file];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", hooks, program, "serve", "--log-level", "silent", ...place],
    { encoding: "utf8", env: { PATH: process.env.PATH, HOME: folder }, timeout: 30_000 },
  );
  const said = 'npm install "@aws-sdk/client-secrets-manager@^3.1100.0"';
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "",
    stderr: `coffer: The backend "aws-main" needs a package that is not installed: ${said}\n`,
  });
});
