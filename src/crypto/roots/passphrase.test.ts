import { readFileSync } from "node:fs";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { limits } from "../../core/limits.ts";
import {
  createPassphraseRecord,
  newRecord,
  parsePassphrases,
  readPassphraseFile,
  readPassphraseRecord,
  rootKeysOfRecord,
} from "./passphrase.ts";

interface Case {
  readonly comment: string;
  readonly result: string;
  readonly text: string;
  readonly passphrases: readonly string[];
  readonly active?: string;
  readonly keys?: Readonly<Record<string, string>>;
}

const file = new URL("../../../test/vectors/root-passphrase.json", import.meta.url);
const { cases }: { cases: Case[] } = JSON.parse(readFileSync(file, "utf8"));

/** What the message says of each kind of mistake. */
const messages: Readonly<Record<string, RegExp>> = {
  "wrong-passphrase": /the passphrase does not open the root key rk_[0-9a-f]{16}/,
  "no-header": /the first line of the passphrase record must be "coffer-root-passphrase\/1"/,
  "none-active": /one key must be marked "active"/,
  "two-active": /line 3 of the passphrase record: only one key may be active/,
  repeated: /line 3 of the passphrase record repeats the key rk_/,
  damaged: /line 2 of the passphrase record is damaged/,
  "bad-line": /line 2 of the passphrase record is not as it was written/,
  bounds: /line 2 of the passphrase record: .* must be (from|at most) \d+/,
};

const refusal = (pattern: RegExp) =>
  expect.objectContaining({ code: "server.sealed", message: expect.stringMatching(pattern) });

describe("frozen passphrase records", () => {
  test.each(cases)("$result: $comment", async (it) => {
    const read = rootKeysOfRecord(it.text, it.passphrases);
    if (it.result === "reads") {
      const roots = await read;
      expect(roots.active.id).toBe(it.active);
      const found = roots.all.map(({ id, key }) => [id, key.export().toString("hex")]);
      expect(Object.fromEntries(found)).toEqual(it.keys);
    } else {
      const message = messages[it.result];
      expect(message).toBeDefined();
      await expect(read).rejects.toThrow(refusal(message ?? /^$/));
    }
  });

  test("what is out of bounds is refused before any work is done with it", async () => {
    const costly = cases.find(({ comment }) => comment === "memory times passes too much");
    const startedMs = performance.now();
    await expect(rootKeysOfRecord(costly?.text ?? "", ["x"])).rejects.toThrow();
    expect(performance.now() - startedMs).toBeLessThan(100);
  });
});

async function openPassphraseRecord(path: string, passphrases: readonly string[]) {
  const text = await readPassphraseRecord(path);
  return text === null ? null : rootKeysOfRecord(text, passphrases);
}

describe("passphrase records", () => {
  const passphrase = "a passphrase of some length";
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "coffer-passphrase-"));
    path = join(folder, "root.passphrase");
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("a new one opens with its passphrase alone, and is its owner's", async () => {
    const made = await createPassphraseRecord(path, passphrase);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, "utf8");
    expect(text).not.toContain(passphrase);
    expect(text).not.toContain(made.active.key.export().toString("base64"));
    const opened = await openPassphraseRecord(path, ["another passphrase", passphrase]);
    expect(opened?.active.id).toBe(made.active.id);
    await expect(openPassphraseRecord(path, ["another passphrase"])).rejects.toThrow(
      refusal(/does not open the root key rk_/),
    );
    await expect(createPassphraseRecord(path, passphrase)).rejects.toThrow(refusal(/never replaced/));
  });

  test("one that takes the place of another opens the older key too", async () => {
    const { text: before, key: older } = await newRecord(passphrase);
    const { text, key } = await newRecord("the next passphrase", before);
    expect(key.id).not.toBe(older.id);
    const roots = await rootKeysOfRecord(text, ["the next passphrase", passphrase]);
    expect(roots.active.id).toBe(key.id);
    expect(roots.find(older.id)?.key.equals(older.key)).toBe(true);
  });

  test("two of one passphrase have different keys", async () => {
    expect((await newRecord(passphrase)).key.id).not.toBe((await newRecord(passphrase)).key.id);
  });

  test("a short passphrase makes none", async () => {
    await expect(newRecord("short")).rejects.toThrow(refusal(/at least 12 characters/));
  });

  test("an absent record is none; an open one is refused", async () => {
    expect(await openPassphraseRecord(path, [passphrase])).toBeNull();
    await createPassphraseRecord(path, passphrase);
    await chmod(path, 0o644);
    await expect(openPassphraseRecord(path, [passphrase])).rejects.toThrow(refusal(/chmod 600/));
  });

  test("a passphrase file has one passphrase a line, byte for byte, and is its owner's alone", async () => {
    const secret = join(folder, "passphrase");
    await writeFile(secret, " spaces stay \nолder\n", { mode: 0o600 });
    expect(await readPassphraseFile(secret)).toEqual([" spaces stay ", "олder"]);
    await chmod(secret, 0o640);
    await expect(readPassphraseFile(secret)).rejects.toThrow(refusal(/chmod 600/));
    await expect(readPassphraseFile(join(folder, "none"))).rejects.toThrow(refusal(/no passphrase file/));
    const binary = join(folder, "binary");
    await writeFile(binary, Buffer.of(0xff, 0xfe), { mode: 0o600 });
    await expect(readPassphraseFile(binary)).rejects.toThrow(refusal(/not text in UTF-8/));
  });

  test.each([
    ["nothing", "", /empty/],
    ["an empty line", "one\n\ntwo", /empty/],
    ["a carriage return", "one\r\n", /well-formed/],
    ["too many", "a\nb\nc\nd\ne", /more than 4/],
    ["too long", "x".repeat(limits.passphraseBytesMax + 1), /too long/],
  ])("no passphrase is %s", (_, text, pattern) => {
    expect(() => parsePassphrases(text)).toThrow(refusal(pattern));
  });
});
