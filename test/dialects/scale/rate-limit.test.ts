// Where the operator limits requests, and where guesses are throttled: what this service's clients read.
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import { all, anAccount, asKey, expectHeaders, mintedKey } from "./support.ts";

const minuteMs = 60_000;
/** The whole minute is left. */
const clock = { now: () => 1_800_000_000_000 };
const coffer = await startCoffer({
  clock,
  env: { COFFER_RATE_LIMIT_PER_TOKEN: "8", COFFER_RATE_LIMIT_PER_ORGANIZATION: "12" },
});
afterAll(() => coffer.stop());

function expectLimited(answer: Awaited<ReturnType<ReturnType<typeof asKey>["get"]>>): void {
  expect({ status: answer.status, body: answer.body }).toEqual({
    status: 429,
    body: { detail: "Too Many Requests" },
  });
  expect(answer.headers.get("retry-after")).toBe(String(minuteMs / 1_000));
  expect(answer.headers.get("x-should-retry")).toBeNull();
  expectHeaders(answer);
}

test("429: past the requests of a key, and past those of the account that a header names", async () => {
  const account = await anAccount(coffer);
  const key = await mintedKey(coffer, account);
  const by = asKey(coffer.url, key);
  for (let turn = 0; turn < 8; turn += 1) expect((await by.get(all)).status).toBe(200);
  expectLimited(await by.get(all));
  // Ten of twelve are used, one to make the key: a key over all accounts uses up the rest, by the account's name alone.
  const over = asKey(coffer.url, coffer.token, account.id);
  const statuses: number[] = [];
  for (let turn = 0; turn < 2; turn += 1) statuses.push((await over.get(all)).status);
  expect(statuses).toEqual([200, 200]);
  expectLimited(await over.get(all));
});

test("429: too many guesses of one key", async () => {
  const id = randomUUID().replaceAll("-", "");
  const guess = `coffer_person_${id}_${"A".repeat(43)}`;
  const statuses: number[] = [];
  for (let turn = 0; turn < 11; turn += 1) statuses.push((await asKey(coffer.url, guess).get(all)).status);
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(401));
  expectLimited(await asKey(coffer.url, guess).get(all));
});
