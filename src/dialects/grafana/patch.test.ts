import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jsonPatch, mergePatch, parseJsonPatch } from "./patch.ts";

const patched = (target: unknown, ...operations: object[]) => jsonPatch(target, parseJsonPatch(operations));

// Of RFC 7386, appendix A; those that take an object.
test.each([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("merge %j, %j", (target, patch, expected) => {
  expect(mergePatch(target, patch)).toEqual(expected);
});

describe("JSON patch", () => {
  // Of RFC 6902, appendix A.
  test.each([
    [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { baz: "qux", foo: "bar" }],
    [{ foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
    [{ baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
    [{ foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
    [{ baz: "qux" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo" }],
    [
      { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
      [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
      { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
    ],
    [
      { foo: ["all", "grass", "cows", "eat"] },
      [{ op: "move", from: "/foo/1", path: "/foo/3" }],
      { foo: ["all", "cows", "eat", "grass"] },
    ],
    [{ foo: "bar" }, [{ op: "add", path: "/child", value: { g: {} } }], { foo: "bar", child: { g: {} } }],
    [{ foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc"] }], { foo: ["bar", ["abc"]] }],
    [{ "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
  ])("%j, %j", (target, operations, expected) => {
    expect(patched(target, ...operations)).toEqual(expected);
  });

  test.each([
    { op: "test", path: "/baz", value: "bar" },
    { op: "add", path: "/no/such", value: 1 },
    { op: "remove", path: "/nothing" },
    { op: "replace", path: "/nothing", value: 1 },
    { op: "add", path: "/list/01", value: 1 },
    { op: "add", path: "/list/5", value: 1 },
    { op: "remove", path: "/list/-" },
    { op: "copy", from: "/nothing", path: "/a" },
    { op: "add", path: "/constructor/prototype/x", value: 1 },
  ])("fails: %j", (operation) => {
    expect(() => patched({ baz: "qux", list: [1] }, operation)).toThrow(
      expect.objectContaining({ name: "PatchFailed" }),
    );
  });

  test("leaves what it was given as it was, and whatever it is given it ends", () => {
    const target = { a: { b: [1, 2, 3] }, c: "d" };
    const before = structuredClone(target);
    const path = fc.constantFrom("", "/a", "/a/b", "/a/b/0", "/a/b/-", "/c", "/x", "/__proto__", "/a/b/9");
    const operation = fc.record({
      op: fc.constantFrom("add", "remove", "replace", "move", "copy", "test"),
      path,
      from: path,
      value: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 8 }), (operations) => {
        try {
          patched(target, ...operations);
        } catch (error) {
          expect(error).toMatchObject({ name: "PatchFailed" });
        }
        expect(target).toEqual(before);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
    );
  });
});
