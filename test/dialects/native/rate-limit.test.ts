// A limit of requests, where the operator has set one, as the native API shows it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer, type TestCoffer } from "../../support/server.ts";

let coffer: TestCoffer;
afterEach(() => coffer.stop());

function limitedTo(perToken: number): string {
  const file = join(mkdtempSync(join(tmpdir(), "coffer-rate-")), "coffer.yaml");
  writeFileSync(file, `rateLimit:\n  perToken: ${perToken}\n`);
  return file;
}

function told(headers: Headers): (string | null)[] {
  return ["limit", "remaining", "reset"].map((name) => headers.get(`ratelimit-${name}`));
}

test("each answer tells what is left, and past it the request is refused until the minute is over", async () => {
  const clock = heldClock();
  // Its start asks one thing itself.
  coffer = await startCoffer({ clock, flags: { config: limitedTo(3) } });
  clock.pass(60_000);
  const owner = coffer.call(coffer.token);
  clock.pass(20_000);
  expect(told((await owner.get("/v1/whoami")).headers)).toEqual(["3", "2", "40"]);
  expect(told((await owner.get("/v1/organizations/nowhere")).headers)).toEqual(["3", "1", "40"]);
  expect((await owner.get("/v1/whoami")).status).toBe(200);
  const refused = await owner.get("/v1/whoami");
  expect(refused.status).toBe(429);
  expect(told(refused.headers)).toEqual(["3", "0", "40"]);
  expect(refused.headers.get("retry-after")).toBe("40");
  expect(refused.body.error).toMatchObject({
    code: "rate.exceeded",
    details: { limit: 3, retryAfterSeconds: 40 },
  });
  expect((await coffer.call(null).get("/v1/whoami")).status).toBe(401);
  clock.pass(40_000);
  expect((await owner.get("/v1/whoami")).status).toBe(200);
});

test("without a limit nothing is told of one", async () => {
  coffer = await startCoffer();
  const { headers } = await coffer.call(coffer.token).get("/v1/whoami");
  expect(told(headers)).toEqual([null, null, null]);
});
