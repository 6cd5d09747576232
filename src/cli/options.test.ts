import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { collect, keyValue, moment, oneOf, wholeNumber } from "./options.ts";

describe("options", () => {
  test.each(["0", "11", "-1", "1.5", "1e1", "", " 1", "x", "99999999999999999999"])(
    "a whole number from 1 to 10 is not %j",
    (source) => expect(() => wholeNumber(1, 10)(source)).toThrow("from 1 to 10"),
  );

  test("a whole number includes both of its bounds", () => {
    expect([wholeNumber(1, 10)("1"), wholeNumber(1, 10)("10")]).toEqual([1, 10]);
  });

  test("KEY=VALUE splits at the first = and a later one wins over an earlier", () => {
    expect(keyValue("a=b=c")).toEqual({ a: "b=c" });
    expect(keyValue("a=", { a: "1", b: "2" })).toEqual({ a: "", b: "2" });
  });

  test.each(["a", "=b", ""])("KEY=VALUE is not %j", (source) => {
    expect(() => keyValue(source)).toThrow(InvalidArgumentError);
  });

  test("a moment is told in UTC, whatever zone it was given in", () => {
    expect(moment("2027-01-31T12:00:00+02:00")).toBe("2027-01-31T10:00:00.000Z");
    expect(moment("2027-01-31")).toBe("2027-01-31T00:00:00.000Z");
  });

  test.each(["2027-01-31T12:00:00", "2027-13-01", "tomorrow", "1", ""])("a moment is not %j", (source) => {
    expect(() => moment(source)).toThrow("It must look like");
  });

  test("one of a few names the few", () => {
    expect(oneOf("a", "b")("b")).toBe("b");
    expect(() => oneOf("a", "b")("c")).toThrow("one of: a, b");
  });

  test("repeated options keep their order", () => {
    expect(collect("b", collect("a"))).toEqual(["a", "b"]);
  });
});
