import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { expect, test } from "vitest";
import { startThread } from "./threads.ts";

const code = `
import { parentPort } from "node:worker_threads";
import { getHeapSpaceStatistics } from "node:v8";
let kept = [];
for (let number = 0; number < 2e6; number += 1) {
  kept.push({ number });
  if (kept.length > 30_000) kept = [];
}
const young = getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
parentPort.postMessage(young.physical_space_size);`;

test("a thread keeps a small young heap, whatever the launcher allows the one that serves", async () => {
  setFlagsFromString("--max-semi-space-size=4");
  const entry = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const [bytes] = await once(startThread(entry, "test", {}), "message");
  expect(bytes).toBeLessThanOrEqual(3 * 1024 * 1024);
});
