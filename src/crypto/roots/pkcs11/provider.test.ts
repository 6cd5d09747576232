// A module that brings its process down, or prints: what no token of SoftHSM does. In the place of the
// package stands a script that plays such a one, and notes each time that it is shown a PIN.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isUnavailable } from "../provider.ts";
import { newRootRecord } from "../record.ts";
import { openPkcs11 } from "./provider.ts";

let folder: string;
let before: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-module-"));
  before = process.env.NODE_PATH;
  process.env.NODE_PATH = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env.NODE_PATH;
  else process.env.NODE_PATH = before;
  rmSync(folder, { recursive: true });
});

const dies = 'process.kill(process.pid, "SIGKILL");';

/** Each of these is a body. */
function play(parts: { readonly initialize?: string; readonly login?: string }): void {
  mkdirSync(join(folder, "pkcs11js"));
  writeFileSync(
    join(folder, "pkcs11js", "index.js"),
    `exports.PKCS11 = class {
      load() { console.log('{"ok":true}'); }
      C_Initialize() { ${parts.initialize ?? ""} }
      C_Finalize() {}
      C_GetSlotList() { return [Buffer.alloc(8)]; }
      C_GetTokenInfo() { return { label: "coffer   ", serialNumber: "1" }; }
      C_OpenSession() { return Buffer.alloc(8); }
      C_Login() { require("node:fs").appendFileSync("${join(folder, "logins")}", "x"); ${parts.login ?? ""} }
      C_FindObjectsInit() {}
      C_FindObjects() { return []; }
      C_FindObjectsFinal() {}
    };`,
  );
}

const logins = () => (existsSync(join(folder, "logins")) ? readFileSync(join(folder, "logins")).length : 0);

const opened = (pin: () => string) =>
  openPkcs11(
    {
      kind: "pkcs11",
      module: "/m.so",
      tokenLabel: "coffer",
      tokenSerial: null,
      key: "root",
      algorithm: "aes-gcm",
    },
    async () => pin(),
  );

const refusal = (provider: ReturnType<typeof opened>) =>
  newRootRecord(provider).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error : null),
  );

test("a module that ends while it is shown the PIN is not shown it again, but another one", async () => {
  play({ login: dies });
  let pin = "98765432";
  const provider = opened(() => pin);
  for (let times = 0; times < 3; times += 1) {
    const error = await refusal(provider);
    expect(error?.message).toMatch(/refuses the credential/);
    expect(isUnavailable(error)).toBe(false);
  }
  expect(logins()).toBe(1);
  pin = "12345678";
  await refusal(provider);
  expect(logins()).toBe(2);
});

test("one that ends before that may be asked again", async () => {
  play({ initialize: dies });
  const provider = opened(() => "98765432");
  for (let times = 0; times < 2; times += 1) {
    const error = await refusal(provider);
    expect(error?.message).toMatch(/does not answer \(no answer of its module\)/);
    expect(isUnavailable(error)).toBe(true);
  }
  expect(logins()).toBe(0);
});

test("what a module prints is no answer", async () => {
  play({});
  expect((await refusal(opened(() => "98765432")))?.message).toMatch(/it has no such key/);
});
