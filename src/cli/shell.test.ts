import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { readAll, utf8 } from "./shell.ts";

describe("what comes in on stdin", () => {
  test("is kept byte for byte: spaces, line ends, a byte order mark, U+0000", async () => {
    const text = "\ufeff a\r\n\u0000é\n\n";
    const bytes = await readAll(
      Readable.from([Buffer.from(text).subarray(0, 8), Buffer.from(text).subarray(8)]),
    );
    expect(utf8(bytes, "it")).toBe(text);
  });

  test.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0xc0, 0x80]]])(
    "is refused where it is not UTF-8: %j",
    (bytes) => {
      expect(() => utf8(Buffer.from(bytes), "the value")).toThrow("the value is not well-formed UTF-8");
    },
  );

  test("is bounded, so that an endless stream ends", async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65_536);
      })(),
    );
    await expect(readAll(endless)).rejects.toThrow("longer than");
  });
});
