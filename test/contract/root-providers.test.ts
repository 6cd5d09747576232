// Root keys from each place they may come from, and from one place to another, by the server as it is
// configured. A passphrase is exchanged without a restart; what stands in a variable needs one.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  newRootKeyFile,
  passphraseRecordAfter,
  rootKeyFileAfter,
  withoutRootKey,
} from "../../src/server/keys.ts";
import { refusal, text } from "../support/coffers.ts";
import { startCoffer, type TestCoffer, type TestOptions } from "../support/server.ts";

const store = { slug: "default" };
const home = { slug: "default" };
const first = "correct horse battery staple";
const second = "another one of some length";

let folder: string;
let running: TestCoffer | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "coffer-roots-"));
});
afterEach(async () => {
  await running?.stop();
  running = null;
  await rm(folder, { recursive: true });
});

const path = (name: string) => join(folder, name);

function put(name: string, content: string): string {
  writeFileSync(path("next"), content, { mode: 0o600 });
  renameSync(path("next"), path(name));
  return path(name);
}

async function started(options: Pick<TestOptions, "env" | "flags">): Promise<TestCoffer> {
  await running?.stop();
  running = await startCoffer({ ...options, data: folder });
  return running;
}

async function rotateRoot({ node, owner }: TestCoffer): Promise<string> {
  const { roots, installation } = node.operations.keys;
  await roots.rotate(owner);
  while (!(await roots.rewrap(owner)).ended);
  const { rootKeys } = await installation.status(owner);
  const [older] = rootKeys.filter(({ state }) => state === "leaving");
  await roots.retire(owner, older?.id ?? "");
  return older?.id ?? "";
}

const keep = ({ node, owner }: TestCoffer) =>
  node.operations.secrets.create(owner, home, store, { name: "S", value: text("kept") });

async function expectKept({ node, owner }: TestCoffer): Promise<void> {
  const { value } = await node.operations.secrets.reveal(owner, home, store, { name: "S" });
  expect(value?.reveal()).toBe("kept");
}

describe("a root key", () => {
  test("from a passphrase gives way to one from another passphrase, without a restart", async () => {
    const flags = { rootPassphraseFile: put("passphrase", `${first}\n`) };
    const coffer = await started({ flags });
    await keep(coffer);
    expect(existsSync(path("root.key"))).toBe(false);
    // The same passphrase and record: nothing to rotate to.
    expect((await refusal(rotateRoot(coffer))).code).toBe("key.in_use");

    put("root.passphrase", await passphraseRecordAfter(path("root.passphrase"), [second]));
    expect((await refusal(rotateRoot(coffer))).code).toBe("key.unreadable");
    put("passphrase", `${second}\n${first}\n`);
    const older = await rotateRoot(coffer);
    await expectKept(coffer);
    put("root.passphrase", await withoutRootKey(path("root.passphrase"), older));
    put("passphrase", `${second}\n`);
    await expectKept(await started({ flags }));
  });

  test("from the file gives way to one from a passphrase", async () => {
    await keep(await started({}));
    put("root.passphrase", await passphraseRecordAfter(null, [first]));
    const env = { COFFER_ROOT_PASSPHRASE: first };
    const coffer = await started({ env });
    await expectKept(coffer);
    await rotateRoot(coffer);
    await rm(path("root.key"));
    await expectKept(await started({ env }));
  });

  test("from a variable gives way to another one at a restart", async () => {
    const older = newRootKeyFile();
    const coffer = await started({ env: { COFFER_ROOT_KEY: older } });
    await keep(coffer);
    expect(existsSync(path("root.key"))).toBe(false);
    expect((await refusal(rotateRoot(coffer))).code).toBe("key.in_use");
    const both = await rootKeyFileAfter(put("older", older));
    const again = await started({ env: { COFFER_ROOT_KEY: both } });
    const id = await rotateRoot(again);
    const newer = await withoutRootKey(put("both", both), id);
    await expectKept(await started({ env: { COFFER_ROOT_KEY: newer } }));
  });

  test("file that is exchanged is never written over by the server", async () => {
    const coffer = await started({});
    const content = put("root.key", await rootKeyFileAfter(path("root.key")));
    const before = readFileSync(content, "utf8");
    await rotateRoot(coffer);
    await started({});
    expect(readFileSync(content, "utf8")).toBe(before);
  });
});
