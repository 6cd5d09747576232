import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { bytesText, daysText, parseBytes, parseDays } from "./measures.ts";

test("sizes are read, and written as they were", () => {
  for (const [text, bytes] of [
    ["0", 0],
    ["1000", 1000],
    ["256MiB", 256 * 2 ** 20],
    ["2GiB", 2 ** 31],
  ] as const) {
    expect(parseBytes(text)).toBe(bytes);
    expect(bytesText(bytes)).toBe(text);
  }
  expect(parseBytes("16 KiB")).toBe(16_384);
  for (const text of ["", "-1", "1.5GiB", "256MB", "MiB", "1e9", "999999999999999TiB"]) {
    expect(parseBytes(text)).toBe(null);
  }
});

test("spans are whole days", () => {
  expect(parseDays("400d")).toBe(400 * 24 * 60 * 60 * 1000);
  expect(daysText(parseDays("30 d") ?? 0)).toBe("30d");
  for (const text of ["", "0d", "400", "-1d", "1.5d", "99999d"]) expect(parseDays(text)).toBe(null);
});

test("the configuration says which form it wants", () => {
  const { config } = loadConfig({}, { COFFER_AUDIT_KEEP: "500d", COFFER_STORAGE_RESERVE: "0" });
  expect(config).toMatchObject({ auditKeptMs: 500 * 86_400_000, auditArchive: null, storageReserve: 0 });
  expect(() => loadConfig({}, { COFFER_AUDIT_KEEP: "forever" })).toThrow("audit.keep must be");
  expect(() => loadConfig({}, { COFFER_STORAGE_RESERVE: "1 GB" })).toThrow("storage.reserve must be");
});
