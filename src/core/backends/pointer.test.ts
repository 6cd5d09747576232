import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isPointer, readPointer, writePointer } from "./pointer.ts";

const words = fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" });
const pointers = fc.record({
  backend: fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/),
  writeId: fc.uuid(),
  ref: words,
  version: words,
  mac: fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 })),
});

test("a pointer is read as it was written", () =>
  fc.assert(
    fc.property(pointers, (pointer) => {
      const stored = writePointer(pointer);
      expect(isPointer(stored)).toBe(true);
      const { mac, ...read } = readPointer(stored) ?? { mac: null };
      expect({ ...read, mac: mac && Uint8Array.from(mac) }).toEqual(pointer);
    }),
  ));

test("a pointer that is cut, longer or of another format is none", () =>
  fc.assert(
    fc.property(pointers, fc.nat(), (pointer, seed) => {
      const stored = Buffer.from(writePointer(pointer));
      expect(readPointer(stored.subarray(0, seed % stored.length))).toBeNull();
      expect(readPointer(Buffer.concat([stored, Buffer.alloc(1)]))).toBeNull();
      stored[0] = 0x01;
      expect(readPointer(stored)).toBeNull();
    }),
  ));

test("what a backend calls its versions is bounded", () => {
  const pointer = { backend: "b", writeId: "018f0000-0000-7000-8000-000000000000", version: "1", mac: null };
  expect(() => writePointer({ ...pointer, ref: "x".repeat(5_000) })).toThrow(RangeError);
});

test("frozen pointers are read, and written, as they were made once", () => {
  const file = new URL("../../../test/vectors/pointer.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, "utf8"));
  for (const { comment, result, pointer, ...parts } of cases) {
    const stored = Buffer.from(pointer, "hex");
    if (result === "refused") {
      expect(readPointer(stored), comment).toBeNull();
      continue;
    }
    const mac = parts.mac && Buffer.from(parts.mac, "hex");
    expect(readPointer(stored), comment).toEqual({ ...parts, mac });
    expect(Buffer.from(writePointer({ ...parts, mac })).toString("hex"), comment).toBe(pointer);
  }
});
