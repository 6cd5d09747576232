// What a node does by itself, and how it ends.
import { afterEach, expect, test, vi } from "vitest";
import { loadConfig } from "../../src/server/config.ts";
import { serverLog } from "../../src/server/log.ts";
import { upkeep } from "../../src/server/upkeep.ts";
import { startCoffer } from "../support/server.ts";

afterEach(() => {
  vi.useRealTimers();
});

test("a server that ends waits for no more than the present part of a sweep", async () => {
  const coffer = await startCoffer();
  const begun = Promise.withResolvers<void>();
  const most = 1_000_000;
  let parts = 0;
  const node = {
    ...coffer.node,
    async sweep(stopped: () => boolean) {
      for (; parts < most && !stopped(); parts += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        begun.resolve();
      }
    },
  };
  const { config } = loadConfig({ data: coffer.data }, {});
  vi.useFakeTimers({ toFake: ["setInterval"] });
  const kept = await upkeep(node, config, serverLog("silent"), {}, () => () => {});
  vi.advanceTimersByTime(60_000);
  await begun.promise;
  await kept.stop();
  expect(parts).toBeLessThan(most);
  vi.useRealTimers();
  await coffer.stop();
});
