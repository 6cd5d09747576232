// A limit of requests, where the operator has set one, as the native API shows it.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { type Answer, startCoffer, type TestCoffer } from "../../support/server.ts";
import { aToken } from "./support.ts";

let coffer: TestCoffer;
afterEach(() => coffer.stop());

function limitedTo(rules: { readonly perToken?: number; readonly perOrganization?: number }): string {
  const file = join(mkdtempSync(join(tmpdir(), "coffer-rate-")), "coffer.yaml");
  writeFileSync(file, JSON.stringify({ rateLimit: rules }));
  return file;
}

function told(headers: Headers): (string | null)[] {
  return ["limit", "remaining", "reset"].map((name) => headers.get(`ratelimit-${name}`));
}

test("each answer tells what is left, and past it the request is refused until the minute is over", async () => {
  const clock = heldClock();
  // Its start asks one thing itself.
  coffer = await startCoffer({ clock, flags: { config: limitedTo({ perToken: 3 }) } });
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

describe("for an organization", () => {
  const home = "/v1/organizations/default";
  const codeOf = ({ status, body }: Answer) => [status, body.error?.message];
  const exceeded = "This organization has made too many requests this minute.";
  const limited = async (perOrganization: number, perToken?: number) => {
    const clock = heldClock();
    const rules = { perOrganization, ...(perToken === undefined ? {} : { perToken }) };
    coffer = await startCoffer({ clock, flags: { config: limitedTo(rules) } });
    clock.pass(60_000);
    return clock;
  };

  test("all its credentials count together, whether they are bound to it or name it", async () => {
    const clock = await limited(4);
    const owner = coffer.call(coffer.token);
    const bound = coffer.call(aToken(coffer, { bound: true }));
    const member = coffer.call(aToken(coffer, { role: "member" }));
    expect(told((await owner.get(home)).headers)).toEqual(["4", "3", "60"]);
    expect(told((await owner.get(`/v1/organizations/${coffer.bootstrap.organization.id}`)).headers)[1]).toBe(
      "2",
    );
    expect(told((await bound.get("/v1/whoami")).headers)[1]).toBe("1");
    expect(told((await member.get(home)).headers)[1]).toBe("0");
    for (const one of [owner, bound, member]) {
      const refused = await one.get(`${home}/stores`);
      expect(codeOf(refused)).toEqual([429, exceeded]);
      expect(refused.headers.get("retry-after")).toBe("60");
    }
    // What reaches no organization, and another organization, is not held up.
    const { status, headers } = await owner.get("/v1/whoami");
    expect([status, told(headers)]).toEqual([200, [null, null, null]]);
    expect((await owner.post("/v1/organizations", { slug: "other", name: "Other" })).status).toBe(201);
    expect(told((await owner.get("/v1/organizations/other")).headers)[1]).toBe("3");
    clock.pass(60_000);
    expect((await member.get(home)).status).toBe(200);
  });

  test("who is not in it uses up nothing of it, nor do requests that their own limit refuses", async () => {
    await limited(4, 3);
    const stranger = coffer.call(aToken(coffer, { role: null }));
    for (const _ of "abc") {
      const { status, headers } = await stranger.get(home);
      expect([status, told(headers)[0]]).toEqual([404, "3"]);
    }
    expect((await coffer.call(null).get(home)).status).toBe(401);
    const owner = coffer.call(coffer.token);
    for (const _ of "abc") expect((await owner.get(home)).status).toBe(200);
    for (const _ of "abc") {
      expect(codeOf(await owner.get(home))[1]).toBe(
        "This credential has made too many requests this minute.",
      );
    }
    const second = coffer.call(aToken(coffer));
    const last = await second.get(home);
    expect([last.status, told(last.headers)]).toEqual([200, ["4", "0", "60"]]);
    expect(codeOf(await second.get(home))).toEqual([429, exceeded]);
  });
});
