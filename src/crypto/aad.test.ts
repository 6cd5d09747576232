import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical } from "./aad.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((it) => it.isWellFormed());
const parts = fc.array(text, { maxLength: 6 });

test("each part stands behind its length in bytes, not in characters", () => {
  expect(canonical(["a", "", "é"]).toString("hex")).toBe(
    "00000001" + "61" + "00000000" + "00000002" + "c3a9",
  );
});

test("two different lists never share an encoding", () => {
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      expect(canonical(one).equals(canonical(other))).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
  expect(canonical(["ab", "c"])).not.toEqual(canonical(["a", "bc"]));
  expect(canonical(["a", ""])).not.toEqual(canonical(["a"]));
});

test("continuing an encoding is the same as encoding the whole list", () => {
  fc.assert(
    fc.property(parts, parts, (start, rest) => {
      expect(canonical(rest, canonical(start))).toEqual(canonical([...start, ...rest]));
    }),
  );
});

test("a lone surrogate is refused: it would be encoded like U+FFFD", () => {
  expect(() => canonical(["\ud800"])).toThrow("not well-formed");
});
