import { describe, expect, test } from "vitest";
import { rootKeysOfVariable } from "./env.ts";
import { formatRootKeyFile, newRootKey } from "./keys.ts";

describe("root keys from a variable", () => {
  test("are the text of a key file with several keys, or one bare key", () => {
    const [older, newer] = [newRootKey(), newRootKey()];
    const roots = rootKeysOfVariable(formatRootKeyFile(newer, [older]));
    expect(roots.active.id).toBe(newer.id);
    expect(roots.all.map(({ id }) => id)).toEqual([older.id, newer.id]);
    expect(rootKeysOfVariable(older.key.export().toString("base64")).active.id).toBe(older.id);
  });

  test("that are wrong are refused with where they stand, and not with what stands there", () => {
    const base64 = newRootKey().key.export().toString("base64");
    for (const text of [
      "",
      "nonsense",
      base64.slice(1),
      `coffer-root-keys/1\nrk_0000000000000000 ${base64} active\n`,
    ]) {
      const message = expect.stringMatching(/It stands in COFFER_ROOT_KEY\.$/);
      expect(() => rootKeysOfVariable(text)).toThrow(
        expect.objectContaining({ code: "server.sealed", message }),
      );
      expect(() => rootKeysOfVariable(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(base64.slice(1, 12)) }),
      );
    }
  });
});
