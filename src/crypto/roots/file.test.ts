import { readFileSync } from "node:fs";
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRootKeyFile, readRootKeyFile } from "./file.ts";
import { formatRootKeyFile, newRootKey, parseRootKeys } from "./keys.ts";

interface Case {
  readonly comment: string;
  readonly result: string;
  readonly text: string;
  readonly active?: string;
  readonly keys?: Readonly<Record<string, string>>;
}

const file = new URL("../../../test/vectors/root-key-file.json", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, "utf8"));

/** What the message says of each kind of mistake. */
const messages: Readonly<Record<string, RegExp>> = {
  "no-header": /the first line must be "coffer-root-keys\/1"/,
  "none-active": /one key must be marked "active"/,
  "two-active": /line 3: only one key may be active/,
  repeated: /line 3 repeats the key rk_/,
  mistyped: /line 2: the key does not belong to the id rk_[0-9a-f]{16}; is it mistyped\?/,
  "bad-line": /line 2 must be an id, a key in base64 and perhaps "active"/,
  "bad-key": /the key is not 32 bytes in base64/,
  "too-many": /more than 64 keys/,
  "too-long": /too long to be a key file/,
};

describe("frozen root key files", () => {
  test.each(cases)("$result: $comment", (it) => {
    if (it.result === "reads") {
      const roots = parseRootKeys(it.text);
      expect(roots.active.id).toBe(it.active);
      for (const [id, key] of Object.entries(it.keys ?? {})) {
        expect(roots.find(id)?.key.export().toString("hex")).toBe(key);
      }
      expect(roots.find("rk_0000000000000000")).toBeNull();
    } else {
      const message = messages[it.result];
      expect(message).toBeDefined();
      expect(() => parseRootKeys(it.text)).toThrow(
        expect.objectContaining({ code: "server.sealed", message: expect.stringMatching(message ?? "") }),
      );
    }
  });

  test("a refusal says nothing of the key", () => {
    const { id, key } = newRootKey();
    const base64 = key.export().toString("base64");
    const text = `coffer-root-keys/1\n${id.replace(/.$/, "g")} ${base64} active\n`;
    expect(() => parseRootKeys(text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(base64.slice(0, 8)) }),
    );
  });
});

test("a printed file is read back", () => {
  const key = newRootKey();
  const roots = parseRootKeys(formatRootKeyFile(key));
  expect(roots.active.id).toBe(key.id);
  expect(roots.find(key.id)?.key.equals(key.key)).toBe(true);
});

describe("on disk", () => {
  let folder = "";
  let path = "";

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "coffer-root-"));
    path = join(folder, "root.key");
  });

  afterEach(() => rm(folder, { recursive: true }));

  const refusal = (words: string) =>
    expect.objectContaining({ code: "server.sealed", message: expect.stringContaining(words) });

  test("a new file is its owner's alone, holds the key it answered with, and leaves nothing beside it", async () => {
    const made = await createRootKeyFile(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(["root.key"]);
    const read = await readRootKeyFile(path);
    expect(read?.active.id).toBe(made.active.id);
    expect(read?.active.key.equals(made.active.key)).toBe(true);
  });

  test("an existing file is never replaced, whatever it holds", async () => {
    await writeFile(path, "", { mode: 0o600 });
    await expect(createRootKeyFile(path)).rejects.toThrow(refusal("exists and is never replaced"));
    expect(await readFile(path, "utf8")).toBe("");
    expect(await readdir(folder)).toEqual(["root.key"]);
  });

  test("a link in its place is neither followed nor replaced", async () => {
    const target = join(folder, "target");
    await symlink(target, path);
    await expect(createRootKeyFile(path)).rejects.toThrow(refusal("exists and is never replaced"));
    await createRootKeyFile(target);
    await expect(readRootKeyFile(path)).rejects.toThrow(refusal("is a symbolic link"));
  });

  test("no file is not an error: the server decides what that means", async () => {
    expect(await readRootKeyFile(path)).toBeNull();
  });

  test("a folder that is not there refuses a new file in one sentence", async () => {
    await expect(createRootKeyFile(join(folder, "none", "root.key"))).rejects.toThrow(refusal("ENOENT"));
  });

  test.each(["640", "604", "620", "602", "610", "666"])("mode %s is refused", async (text) => {
    const mode = Number.parseInt(text, 8);
    await createRootKeyFile(path);
    await chmod(path, mode);
    await expect(readRootKeyFile(path)).rejects.toThrow(refusal("open to its group or to others"));
  });

  test("a read-only file of the owner is fine", async () => {
    await createRootKeyFile(path);
    await chmod(path, 0o400);
    expect(await readRootKeyFile(path)).not.toBeNull();
  });

  test("another user's file is refused", async () => {
    await createRootKeyFile(path);
    // Only root can give a file away; everyone else finds one of root's.
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) await chown(path, 65_534, 65_534);
    await expect(readRootKeyFile(isRoot ? path : "/etc/passwd")).rejects.toThrow(
      refusal("belongs to another user"),
    );
  });

  test("a folder, and a file far too long, are refused", async () => {
    await mkdir(path, { mode: 0o700 });
    await expect(readRootKeyFile(path)).rejects.toThrow(refusal("is not a file"));
    const long = join(folder, "long");
    await writeFile(long, "#".repeat(20_000), { mode: 0o600 });
    await expect(readRootKeyFile(long)).rejects.toThrow(refusal("too long"));
  });
});
