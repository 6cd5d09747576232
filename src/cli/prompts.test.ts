import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { hiddenLines } from "./prompts.ts";
import { Interrupted } from "./signals.ts";

const typed = (...chunks: string[]) => hiddenLines(Readable.from(chunks));

describe("a hidden line", () => {
  test("ends with enter, in whatever pieces it comes", async () => {
    expect(await typed("se", "cret 🗝\r")()).toBe("secret 🗝");
  });

  test("leaves what was pasted behind it to the next", async () => {
    const next = typed("one\rtwo\nthr", "ee\r");
    expect([await next(), await next(), await next()]).toEqual(["one", "two", "three"]);
  });

  test("knows backspace, over a whole character, and Ctrl-U", async () => {
    expect(await typed("ab🗝\u007fc\b\r")()).toBe("ab");
    expect(await typed("ab\u0015x\r")()).toBe("x");
  });

  test("is broken off by Ctrl-C, by a terminal that closes, and where it never ends", async () => {
    await expect(typed("abc\u0003")()).rejects.toThrow(Interrupted);
    await expect(typed("abc")()).rejects.toThrow("closed");
    await expect(typed("a".repeat(100_000))()).rejects.toThrow("longer");
  });
});
