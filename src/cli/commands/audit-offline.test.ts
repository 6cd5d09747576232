import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { threeStreams } from "../../../test/support/audit-trail.ts";
import { sqliteSource } from "../../verify/index.ts";
import { placeOf, watched } from "./audit-offline.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "coffer-watched-"));
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

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

test("a terminal is told how much of a trail was read, and every row passes", async () => {
  const trail = await threeStreams(join(folder, "coffer.db"));
  vi.useFakeTimers({ now: 0, toFake: ["Date"] });
  let said = "";
  const write = (text: string) => {
    said += text.replaceAll("\r\u001b[K", "|");
    return true;
  };
  const stderr = Object.assign(new PassThrough(), { isTTY: true, write });
  const quiet = new PassThrough();
  const plain = sqliteSource(join(folder, "coffer.db"));
  const source = watched(plain, { env: {}, stdin: quiet, stdout: quiet, stderr });
  const passed = async <Row>(rows: AsyncIterable<Row>) => {
    const all: Row[] = [];
    for await (const row of rows) {
      all.push(row);
      vi.advanceTimersByTime(300);
    }
    return all;
  };
  const entries = await passed(source.entries());
  expect(entries).toEqual(await passed(plain.entries()));
  expect(said).toMatch(new RegExp(`^\\|1 entries read\\|.*\\|${entries.length} entries read\\|$`));
  said = "";
  const secrets = await passed(source.secrets() ?? (async function* () {})());
  expect(said).toMatch(new RegExp(`\\|${secrets.length} secrets compared\\|$`));
  await source.close();
  trail.db.close();
});
