import { expect, test } from "vitest";
import { pausingAt, sql } from "../sql.ts";
import { pausing, withPauses } from "./pauses.ts";

test("who passes by all the time leaves the core to others for a part of it", () => {
  const pause = pausing();
  const [began, used] = [performance.now(), process.threadCpuUsage()];
  while (performance.now() - began < 200) expect(pause()).toBe(1);
  const { user, system } = process.threadCpuUsage(used);
  expect((user + system) / 1_000).toBeLessThan(170);
});

test("a statement stops where it names a place for it, and nowhere else", () => {
  const scan = sql`SELECT id FROM secrets s WHERE ${pausingAt("s")} s.state = $1`;
  expect(withPauses(scan.text)).toBe(
    "SELECT id FROM secrets s WHERE (s.rowid % 256 <> 0 OR pause()) AND s.state = $1",
  );
  const point = sql`SELECT id FROM secrets WHERE id = $1`;
  expect(withPauses(point.text)).toBe(point.text);
});
