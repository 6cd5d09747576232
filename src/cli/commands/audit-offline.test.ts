import { describe, expect, test } from "vitest";
import { placeOf } from "./audit-offline.ts";

describe("where the offline commands read the trail", () => {
  test("options go before the environment, and the environment before the usual folder", () => {
    const env = { COFFER_DATABASE: "postgres://db", COFFER_DATA: "/data" };
    expect(placeOf({ file: "a.jsonl", data: "/d" }, env)).toEqual({ file: "a.jsonl" });
    expect(placeOf({ data: "/d" }, env)).toEqual({ data: "/d" });
    expect(placeOf({ database: "postgres://x" }, env)).toEqual({ database: "postgres://x" });
    expect(placeOf({}, env)).toEqual({ database: "postgres://db" });
    expect(placeOf({}, { COFFER_DATA: "/data" })).toEqual({ data: "/data" });
    expect(placeOf({}, { COFFER_DATA: "" })).toEqual({ data: "coffer-data" });
  });

  test("two places at once are a mistake", () => {
    expect(() => placeOf({ data: "/d", database: "postgres://x" }, {})).toThrow("exclude each other");
  });
});
