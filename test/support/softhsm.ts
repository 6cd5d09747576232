// A token of SoftHSM for tests: in a folder of its own, with an AES key that never leaves it, reached
// through OpenSC's spy, which writes down every call. So logins are counted, not guessed.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPkcs11js } from "../../conformance/root-keys/find-pkcs11.ts";
import { findPkcs11Spy, findSoftHsm } from "./requirements.ts";

export interface Token {
  readonly folder: string;
  /** What stands between the server and SoftHSM. */
  readonly module: string;
  readonly label: string;
  readonly serial: string;
  readonly key: string;
  readonly pin: string;
  /** For whatever process speaks with it. */
  readonly env: Readonly<Record<string, string>>;
  /** How often each function was called since the token was made. */
  calls(name: string): number;
  makeKey(label: string, ...more: readonly string[]): void;
  remove(): void;
}

export function makeToken(): Token {
  const [module, spy, packages] = [findSoftHsm(), findPkcs11Spy(), findPkcs11js()];
  if (module === null || spy === null || packages === null) throw new Error('ask have("softhsm") first');
  const folder = mkdtempSync(join(tmpdir(), "coffer-hsm-"));
  const [conf, log, label, key, pin] = [
    join(folder, "conf"),
    join(folder, "spy"),
    "coffer test",
    "root",
    "98765432",
  ];
  mkdirSync(join(folder, "tokens"));
  writeFileSync(
    conf,
    `directories.tokendir = ${join(folder, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  const env = { SOFTHSM2_CONF: conf, PKCS11SPY: module, PKCS11SPY_OUTPUT: log, NODE_PATH: packages };
  const run = (program: string, ...args: readonly string[]) =>
    execFileSync(program, args, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
  run("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", pin);
  const own = ["--module", module, "--token-label", label, "--login", "--pin", pin];
  const makeKey = (name: string, ...more: readonly string[]) =>
    void run(
      "pkcs11-tool",
      ...own,
      "--keygen",
      "--key-type",
      "AES:32",
      "--label",
      name,
      "--sensitive",
      ...more,
    );
  makeKey(key);
  const serial = /serial num\s*:\s*(\w+)/.exec(
    run("pkcs11-tool", "--module", module, "--list-token-slots"),
  )?.[1];
  return {
    folder,
    module: spy,
    label,
    serial: serial ?? "",
    key,
    pin,
    env,
    calls: (name) => (existsSync(log) ? readFileSync(log, "latin1").split(`: ${name}\n`).length - 1 : 0),
    makeKey,
    remove: () => rmSync(folder, { recursive: true }),
  };
}
