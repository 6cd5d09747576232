// The three ways to say who one is, tokens of users and of accounts, and what clients ask to find out which.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { mintToken } from "../../../src/crypto/tokens.ts";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer, tokenIdOf } from "../../support/server.ts";
import { minted, scopedToken } from "../../support/tokens.ts";
import {
  accountPath,
  aMachine,
  anId,
  aPerson,
  aService,
  aStore,
  aTime,
  authentication,
  expectDone,
  expectRefused,
  nowhere,
  secretsStore,
  wireId,
} from "./support.ts";

const clock = heldClock();
const coffer = await startCoffer({ clock });
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const nobody = coffer.call(null);
const { organization, person } = coffer.bootstrap;
const stores = `${secretsStore(coffer)}/stores`;
const account = accountPath(coffer);
const v4 = "/client/v4";
const unknownPair = { code: 9103, message: "Unknown X-Auth-Key or X-Auth-Email" };
const noHeaders = { code: 9106, message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers" };
const invalidToken = { code: 1000, message: "Invalid API Token" };
const malformed = {
  code: 6003,
  message: "Invalid request headers",
  error_chain: [{ code: 6111, message: "Invalid format for Authorization header" }],
};
const asPair = (email: string, key: string) => ({ "x-auth-email": email, "x-auth-key": key });
const one = { page: 1, per_page: 20, count: 1, total_count: 1, total_pages: 1 };

describe("ways", () => {
  test("200: Bearer, the address with the key, the service key", async () => {
    const { email, token } = await aPerson(coffer);
    for (const headers of [
      { authorization: `Bearer ${token}` },
      { authorization: `bearer  ${token}` },
      asPair(email, token),
      asPair(email.toUpperCase(), token),
      { "x-auth-user-service-key": token },
      // What a client has in its environment it sends along; the token counts.
      { authorization: `Bearer ${token}`, ...asPair("nobody@example.org", "coffer_x") },
    ]) {
      expect((await nobody.get(stores, headers)).status).toBe(200);
    }
  });

  test("403: a key with another's address, of a machine, or that nobody knows", async () => {
    const { email } = await aPerson(coffer);
    const machine = await aMachine(coffer);
    for (const [address, key] of [
      [email, coffer.token],
      [person.email, machine],
      [person.email, "coffer_person_nobody"],
      [person.email, "five"],
    ] as const) {
      expectRefused(await nobody.get(stores, asPair(address, key)), 403, unknownPair);
      expectRefused(await nobody.get(`${v4}/user`, asPair(address, key)), 403, unknownPair);
    }
  });

  test.each(["Basic x", "Bearer", "Bearer ", "Bearer a b", "Bearer ä", "Token x", "x", "Bearer a, Bearer b"])(
    "400: Authorization: %s",
    async (authorization) => {
      for (const path of [stores, `${v4}/user`, `${v4}/user/tokens/verify`]) {
        const answer = await nobody.get(path, {
          authorization: Buffer.from(authorization).toString("latin1"),
        });
        expectRefused(answer, 400, malformed);
      }
    },
  );

  test("401: none at all, or half of a pair", async () => {
    for (const headers of [{}, { "x-auth-key": coffer.token }, { "x-auth-email": person.email }]) {
      for (const path of [stores, account, `${account}/tokens/verify`]) {
        expectRefused(await nobody.get(path, headers), 401, authentication);
      }
      for (const path of ["/user", "/user/tokens/verify", "/accounts", "/memberships"]) {
        expectRefused(await nobody.get(v4 + path, headers), 401, noHeaders);
      }
    }
  });

  test("401: unknown, revoked, expired", async () => {
    const principal = { kind: "person", id: person.id };
    const revoked = await minted(coffer, { principal });
    await me.delete(`/v1/organizations/default/tokens/${tokenIdOf(revoked)}`);
    const expiresAt = new Date(clock.now() + 1_000).toISOString();
    const expired = await minted(coffer, { principal, expiresAt });
    expect((await coffer.call(expired).get(stores)).status).toBe(200);
    clock.pass(1_000);
    for (const token of ["unknown", `${coffer.token}x`, revoked, expired]) {
      const caller = coffer.call(token);
      expectRefused(await caller.get(stores), 401, authentication);
      expectRefused(await caller.get(`${v4}/accounts`), 401, authentication);
      expectRefused(await caller.get(`${v4}/memberships`), 401, authentication);
      expectRefused(await caller.get(`${v4}/user/tokens/verify`), 401, invalidToken);
    }
  });

  test("429: who guesses too often", async () => {
    const caller = coffer.call(mintToken("person", tokenIdOf(coffer.token)).text);
    const answers = [];
    for (let turn = 0; turn < 11; turn += 1) answers.push(await caller.get(stores));
    const last = answers.at(-1);
    if (last === undefined) throw new Error("no answer");
    expectRefused(last, 429, {
      code: 971,
      message: "Please wait and consider throttling your request speed",
    });
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await me.get(stores)).status).toBe(429);
  });
});

describe("verify, on a server of its own", async () => {
  const other = await startCoffer();
  afterAll(() => other.stop());
  const owner = other.call(other.token);
  const active = [{ code: 10000, message: "This API Token is valid and active", type: null }];
  const verify = `${v4}/user/tokens/verify`;

  test("200: a user's token, and when it ends", async () => {
    expectDone(
      await owner.get(verify),
      { id: wireId(tokenIdOf(other.token)), status: "active", expires_on: aTime },
      { messages: active },
    );
    const lasting = await scopedToken(other, "Secrets Store Read");
    expectDone(
      await other.call(lasting).get(verify),
      { id: wireId(tokenIdOf(lasting)), status: "active" },
      { messages: active },
    );
  });

  test("401: an account's token has no user, a user's is no account's", async () => {
    const machine = await aMachine(other);
    const caller = other.call(machine);
    expectRefused(await caller.get(verify), 401, invalidToken);
    expectDone(
      await caller.get(`${accountPath(other)}/tokens/verify`),
      { id: wireId(tokenIdOf(machine)), status: "active" },
      { messages: active },
    );
    expectRefused(await owner.get(`${accountPath(other)}/tokens/verify`), 401, invalidToken);
    const byPair = asPair(other.bootstrap.person.email, other.token);
    const verified = await other.call(null).get(`${accountPath(other)}/tokens/verify`, byPair);
    expectRefused(verified, 401, invalidToken);
    expect((await other.call(null).get(verify, byPair)).status).toBe(200);
    expectRefused(await caller.get(`${v4}/accounts/${nowhere}/tokens/verify`), 403, authentication);
    const service = other.call(await aService(other, "workers"));
    expectRefused(await service.get(verify), 403, authentication);
    const store = await aStore(other);
    const { token } = (
      await owner.post(`/v1/organizations/default/stores/${store.uuid}/jobs`, {
        jobId: randomUUID(),
        claims: {},
      })
    ).body;
    expectRefused(await other.call(token).get(verify), 401, invalidToken);
  });

  test("user: 200; 403 without the permission, or without a user", async () => {
    const reader = other.call(await scopedToken(other, "User Details Read"));
    const shown = { id: wireId(other.bootstrap.person.id), email: other.bootstrap.person.email };
    expectDone(await reader.get(`${v4}/user`), shown);
    expectDone(await owner.get(`${v4}/user`), shown);
    const denied = { code: 9109, message: "Unauthorized to access requested resource" };
    const narrow = other.call(await scopedToken(other, "Secrets Store Write"));
    expectRefused(await narrow.get(`${v4}/user`), 403, denied);
    const machine = other.call(await aMachine(other));
    expectRefused(await machine.get(`${v4}/user`), 403, denied);
  });

  test("accounts: 200: those that the credential can use, in pages, and each of them", async () => {
    const own = {
      id: wireId(other.bootstrap.organization.id),
      name: expect.any(String),
      type: "standard",
      created_on: aTime,
    };
    const machine = other.call(await aMachine(other));
    const narrow = other.call(await scopedToken(other, "Secrets Store Read"));
    for (const caller of [owner, machine, narrow]) {
      expectDone(await caller.get(`${v4}/accounts`), [own], { result_info: one });
      expectDone(await caller.get(accountPath(other)), own);
    }
    await owner.post("/v1/organizations", { slug: "second", name: "Second" });
    const second = (await owner.get(`${v4}/accounts?per_page=1&page=2`)).body;
    expect(second.result).toEqual([{ ...own, name: "Second", id: anId }]);
    expect(second.result_info).toEqual({ page: 2, per_page: 1, count: 1, total_count: 2, total_pages: 2 });
    expect((await owner.get(`${v4}/accounts?page=3`)).body.result).toEqual([]);
    // Bound to the first, in whichever account it is asked.
    expectDone(await narrow.get(`${v4}/accounts`), [own], { result_info: one });
    expectRefused(await narrow.get(`${v4}/accounts/${second.result[0].id}`), 403, authentication);
    expectRefused(await owner.get(`${v4}/accounts/${nowhere}`), 403, authentication);
    const blind = other.call(await scopedToken(other, "secret.list"));
    expectRefused(await blind.get(`${v4}/accounts`), 403, authentication);
  });

  test("memberships: 200: with roles; 403 to an account's token", async () => {
    const home = other.bootstrap.organization;
    const natively = `/v1/organizations/${home.slug}`;
    const shown = async (token: string) => (await other.call(token).get(`${v4}/memberships?page=1`)).body;
    const roles = async (token: string) =>
      (await shown(token)).result.map((each: { roles: readonly string[] }) => each.roles);
    const auditor = await aPerson(other, "auditor");
    expect(await shown(auditor.token)).toEqual({
      success: true,
      errors: [],
      messages: [],
      result: [
        {
          id: anId,
          status: "accepted",
          account: { id: wireId(home.id), name: expect.any(String) },
          roles: ["Secrets Store Reporter"],
        },
      ],
      result_info: one,
    });
    expect(await roles((await aPerson(other, "admin")).token)).toEqual([["Super Administrator"]]);
    const member = await aPerson(other);
    expect(await roles(member.token)).toEqual([[]]);
    for (const [level, role] of [
      ["read", "Secrets Store Reporter"],
      ["write", "Secrets Store Admin"],
    ]) {
      const grant = {
        subject: { kind: "person", id: member.id },
        object: { kind: "organization", id: home.id },
        level,
      };
      expect((await owner.put(`${natively}/grants`, grant)).status).toBe(200);
      expect(await roles(member.token)).toEqual([[role]]);
    }
    const bound = await minted(other, { principal: { kind: "person", id: other.bootstrap.person.id } });
    expect((await shown(other.token)).result_info.total_count).toBe(2);
    expect((await shown(bound)).result_info.total_count).toBe(1);
    const machine = other.call(await aMachine(other));
    expectRefused(await machine.get(`${v4}/memberships`), 403, {
      code: 9106,
      message: "Authentication failed (status: 403)",
    });
  });

  test("permissions by their names, and what they come to", async () => {
    const store = await aStore(other);
    for (const [scope, read, write] of [
      ["Secrets Store Read", 200, 403],
      ["Account Secrets Store Read", 200, 403],
      ["Secrets Store Write", 200, 200],
      ["Account Secrets Store Edit", 200, 200],
      ["Memberships Read", 403, 403],
      ["secret.list", 200, 403],
    ] as const) {
      const caller = other.call(await scopedToken(other, scope));
      expect([scope, (await caller.get(store.secrets)).status]).toEqual([scope, read]);
      const body = [{ name: `N${randomUUID()}`, value: "v", scopes: ["workers"] }];
      expect([scope, (await caller.post(store.secrets, body)).status]).toEqual([scope, write]);
    }
    expect((await owner.get("/v1/organizations/default/tokens?limit=1000")).body.items).toContainEqual(
      expect.objectContaining({ scopes: ["Account Secrets Store Edit"] }),
    );
  });
});

test("the organization of these tests is one account", () => {
  expect(wireId(organization.id)).toMatch(/^[0-9a-f]{32}$/);
});
