import { describe, expect, test } from "vitest";
import { changeOf } from "./secret-edit.ts";

const before = { labels: { env: "prod", team: "web" }, annotations: null };

describe("what `secret edit` sends", () => {
  test("holds the named fields and no other", () => {
    expect(changeOf(before, { description: "d" }, undefined)).toEqual({ description: "d" });
    expect(changeOf(before, { consumer: ["a", "b"], expiresAt: "2027-01-31T00:00:00.000Z" }, "p")).toEqual({
      policy: "p",
      consumers: ["a", "b"],
      expiresAt: "2027-01-31T00:00:00.000Z",
    });
  });

  test("adds a label to those that are there", () => {
    expect(changeOf(before, { label: { env: "test" } }, undefined)).toEqual({
      labels: { env: "test", team: "web" },
    });
    expect(changeOf(before, { annotation: { a: "b" } }, undefined)).toEqual({ annotations: { a: "b" } });
  });

  test("clears first, then sets", () => {
    expect(changeOf(before, { clear: ["labels", "policy"] }, undefined)).toEqual({
      labels: null,
      policy: null,
    });
    expect(changeOf(before, { clear: ["labels"], label: { a: "b" } }, undefined)).toEqual({
      labels: { a: "b" },
    });
  });

  test("an empty description is a description", () => {
    expect(changeOf(before, { description: "" }, undefined)).toEqual({ description: "" });
  });

  test("nothing named is a mistake", () => {
    expect(() => changeOf(before, {}, undefined)).toThrow("nothing to change");
  });
});
