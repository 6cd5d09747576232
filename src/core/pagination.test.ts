import fc from "fast-check";
import { expect, test } from "vitest";
import { CofferError } from "./errors.ts";
import { decodeCursor, encodeCursor, pageOf } from "./pagination.ts";

function refused(list: string, cursor: string): string {
  try {
    decodeCursor(list, cursor);
  } catch (error) {
    if (error instanceof CofferError) return error.code;
    throw error;
  }
  return "taken";
}

const key = fc.oneof(fc.string(), fc.maxSafeInteger(), fc.constant(null));

test("a cursor comes back as the position it names, and fits no other list", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), key, fc.string(), (list, other, at, id) => {
      const cursor = encodeCursor(list, { key: at, id });
      expect(decodeCursor(list, cursor)).toEqual({ key: at, id });
      if (other !== list) expect(refused(other, cursor)).toBe("cursor.invalid");
    }),
  );
});

test("whatever is no cursor is refused as one", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(refused("list", text)).toBe("cursor.invalid");
    }),
  );
  const forged = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString("base64url");
  const [digest] = JSON.parse(Buffer.from(encodeCursor("list", { key: 1, id: "x" }), "base64url").toString());
  for (const parts of [[digest, 1.5, "x"], [digest, 1], [digest, {}, "x"], [digest, 1, 2], { 0: digest }]) {
    expect(refused("list", forged(parts))).toBe("cursor.invalid");
  }
  expect(refused("list", "A".repeat(8_193))).toBe("cursor.invalid");
});

test("a page has a next position only when more was read than asked", () => {
  const position = (id: string) => ({ key: id, id });
  expect(pageOf(["a", "b", "c"], 2, position)).toEqual({ items: ["a", "b"], next: { key: "b", id: "b" } });
  expect(pageOf(["a", "b"], 2, position)).toEqual({ items: ["a", "b"], next: null });
  expect(pageOf([], 2, position)).toEqual({ items: [], next: null });
});
