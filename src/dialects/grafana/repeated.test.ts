import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { repeatedMembers } from "./repeated.ts";

describe("members that a JSON text has twice", () => {
  test.each([
    ["{}", []],
    ['{"a":1,"b":{"a":2}}', []],
    ['{"a":1,"a":2}', ["a"]],
    ['{"spec":{"value":"v","value":"w","value":"x"}}', ["spec.value", "spec.value"]],
    ['[{"a":1},{"a":1}]', []],
    ['{"l":[{"n":1},{"n":2,"n":3}]}', ["l[1].n"]],
    ['{"a":"b","c":"a"}', []],
    ['{"a":"\\"x\\":{","a" \n: 1}', ["a"]],
    ['{"a":1,"\\u0061":2}', ["a"]],
    ['{"a":["b","b"],"b":["a"]}', []],
  ])("%s", (text, expected) => {
    expect(repeatedMembers(text)).toEqual(expected);
  });

  test("there are none in what the engine wrote itself", () => {
    fc.assert(
      fc.property(fc.json(), (text) => repeatedMembers(JSON.stringify(JSON.parse(text))).length === 0),
    );
  });
});
