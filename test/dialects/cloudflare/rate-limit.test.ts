// Where the operator limits requests: the refusal that these clients wait upon.
import { afterAll, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import { expectRefused, secretsStore } from "./support.ts";

const coffer = await startCoffer({
  clock: heldClock(Date.UTC(2026, 0, 1, 0, 0, 20)),
  env: { COFFER_RATE_LIMIT_PER_TOKEN: "3" },
});
afterAll(() => coffer.stop());

test("429: with the seconds to wait, and no header more than the service has", async () => {
  const me = coffer.call(coffer.token);
  const stores = `${secretsStore(coffer)}/stores`;
  // One was taken by the start of these tests.
  for (let turn = 0; turn < 2; turn += 1) expect((await me.get(stores)).status).toBe(200);
  const answer = await me.get(stores);
  const message = "Please wait and consider throttling your request speed";
  expectRefused(answer, 429, { code: 971, message });
  expect(answer.headers.get("retry-after")).toBe("40");
  expect([...answer.headers.keys()].filter((name) => name.includes("ratelimit"))).toEqual([]);
});
