// Where a request comes from: what the audit trail says of it, and what is throttled by it.
import { afterEach, describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { mintToken } from "../../src/crypto/tokens.ts";
import { heldClock, lastingOwner } from "../support/coffers.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { type Client, clientOf, startCoffer, type TestCoffer, tokenIdOf } from "../support/server.ts";
import { readTrail } from "../support/trail.ts";

const here = { "x-forwarded-for": "198.51.100.1" };
const neighbour = { "x-forwarded-for": "198.51.100.200" };
const elsewhere = { "x-forwarded-for": "203.0.113.9" };
const missing = "/v1/organizations/default/stores/default/secrets/nowhere/value";

let coffer: TestCoffer;
afterEach(() => coffer.stop());

/** The address of the newest refusal of the owner. */
async function told(headers: Record<string, string>): Promise<string | null | undefined> {
  expect((await coffer.call(coffer.token).get(missing, headers)).status).toBe(404);
  const entries = (await readTrail(coffer, null)).filter(({ outcome }) => outcome === "failed");
  return entries.at(-1)?.address;
}

describe("the audit trail tells", () => {
  test("the peer's address where no proxy is trusted, whatever the request says", async () => {
    coffer = await startCoffer();
    expect(await told({ ...here, forwarded: "for=198.51.100.1" })).toBe("127.0.0.1");
    expect(await told({ "x-forwarded-for": "garbage" })).toBe("127.0.0.1");
  });

  test("behind a trusted proxy the client's, and what cannot be read is refused", async () => {
    coffer = await startCoffer({ flags: { trustedProxies: "127.0.0.1, 10.0.0.0/8" } });
    expect(await told(here)).toBe("198.51.100.1");
    expect(await told({ "x-forwarded-for": "203.0.113.9, 198.51.100.1, 10.1.2.3" })).toBe("198.51.100.1");
    expect(await told({ forwarded: 'for="[2001:db8::1]:47011";proto=https' })).toBe("2001:db8::1");
    expect(await told({})).toBe("127.0.0.1");
    const refused = await coffer.call(coffer.token).get(missing, { "x-forwarded-for": "unknown" });
    expect(refused.status).toBe(400);
    expect(refused.body.error).toMatchObject({
      code: "request.invalid",
      details: { field: "x-forwarded-for" },
    });
  });
});

describe("after ten failures with one credential from one block", () => {
  const clock = heldClock();
  const status = async (client: Client, headers = here) => (await client.get("/v1/whoami", headers)).status;

  const start = async () => {
    coffer = await startCoffer({ clock, flags: { trustedProxies: "127.0.0.1" } });
    const right = coffer.call(coffer.token);
    const wrong = clientOf(coffer.url, mintToken("person", tokenIdOf(coffer.token)).text);
    for (let count = 0; count < limits.failedLoginsPerMinute; count += 1)
      expect(await status(wrong)).toBe(401);
    return { right, wrong };
  };

  test("it is refused from there, right or wrong alike, until the minute is over", async () => {
    const { right, wrong } = await start();
    clock.pass(20_000);
    const answers = [await right.get("/v1/whoami", here), await wrong.get("/v1/whoami", neighbour)];
    for (const { status: code, headers, body } of answers) {
      expect(code).toBe(429);
      expect(headers.get("retry-after")).toBe("40");
      expect(body.error).toMatchObject({
        code: "caller.throttled",
        details: { limit: 10, retryAfterSeconds: 40 },
      });
    }
    const [one, other] = answers.map(({ body }) => ({ ...body.error, requestId: null }));
    expect(one).toEqual(other);
    clock.pass(40_000);
    expect(await status(right)).toBe(200);
    expect(await status(wrong)).toBe(401);
  });

  test("it goes on from elsewhere, and others go on from there", async () => {
    const { right } = await start();
    expect(await status(right)).toBe(429);
    expect(await status(right, elsewhere)).toBe(200);
    const other = clientOf(coffer.url, mintToken("person", coffer.node.context.ids.next()).text);
    expect(await status(other)).toBe(401);
  });

  test("an id that is not known is throttled just so", async () => {
    coffer = await startCoffer({ clock });
    const unknown = clientOf(coffer.url, mintToken("machine", coffer.node.context.ids.next()).text);
    const codes: number[] = [];
    for (let count = 0; count < 12; count += 1) codes.push(await status(unknown));
    expect(codes).toEqual([...new Array<number>(10).fill(401), 429, 429]);
  });

  test.runIf(have("postgresql"))("attempts that come all at once are not compared more often", async () => {
    coffer = await startCoffer({ clock, database: await (await sharedPostgres()).database() });
    // Nobody has used this one yet, so each attempt looks it up, and many of them wait for that at once.
    const { tokenId } = await lastingOwner(coffer);
    const wrong = clientOf(coffer.url, mintToken("person", tokenId ?? "").text);
    const codes = await Promise.all(Array.from({ length: 200 }, () => status(wrong)));
    expect(codes.filter((code) => code === 401).length).toBe(limits.failedLoginsPerMinute);
  });
});
