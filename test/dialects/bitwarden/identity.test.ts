// The login of machine accounts, and what its token is worth: an hour, a restart, and not a moment after
// the access token was revoked.
import { afterAll, describe, expect, test } from "vitest";
import { heldClock } from "../../support/coffers.ts";
import { startCoffer } from "../../support/server.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aMachine,
  anAccessToken,
  asMachine,
  errorBody,
  expectJson,
  formOf,
  logIn,
  native,
  nowhere,
  open,
  organization,
  parse,
  tokenKeyOf,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);

const claimsOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString("utf8"));

describe("a login", () => {
  test("200: exactly the members that clients read, and a token of the form they parse", async () => {
    const { id, token } = await aMachine(coffer);
    const answer = await logIn(coffer.url, formOf(token));
    expect(answer.status).toBe(200);
    expectJson(answer);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      expires_in: 3600,
      token_type: "Bearer",
      scope: "api.secrets",
      encrypted_payload: expect.any(String),
    });
    const payload = JSON.parse(open(tokenKeyOf(token.seed), answer.body.encrypted_payload));
    expect(Object.keys(payload)).toEqual(["encryptionKey"]);
    expect(Buffer.from(payload.encryptionKey, "base64")).toHaveLength(64);
    const [header, , signature] = answer.body.access_token.split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual({
      alg: "EdDSA",
      typ: "at+jwt",
      kid: expect.stringMatching(/^ak_[0-9a-f]{32}$/),
    });
    expect(Buffer.from(signature, "base64url")).toHaveLength(64);
    const claims = claimsOf(answer.body.access_token);
    expect(claims).toEqual({
      iss: `${coffer.url}/identity`,
      nbf: claims.iat,
      iat: expect.any(Number),
      exp: claims.iat + 3600,
      client_id: token.id,
      sub: id,
      type: "ServiceAccount",
      organization: coffer.bootstrap.organization.id,
      jti: expect.any(String),
      scope: ["api.secrets"],
    });
  });

  test("200: in any order, with fields more, with slashes and below the prefix, and by Basic", async () => {
    const { token } = await aMachine(coffer);
    const form = { ...formOf(token), extra: "1" };
    for (const base of [coffer.url, `${coffer.url}/bitwarden`, `${coffer.url}//bitwarden/`]) {
      expect((await logIn(base, form, { "device-type": "21" })).status).toBe(200);
    }
    const basic = Buffer.from(`${token.id}:${token.secret}`).toString("base64");
    const bare = { grant_type: "client_credentials", scope: "api.secrets" };
    expect((await logIn(coffer.url, bare, { authorization: `Basic ${basic}` })).status).toBe(200);
  });

  test("each access token has a key of its own, the same at each login and after a restart", async () => {
    const own = await startCoffer();
    const machine = await aMachine(own);
    const other = await asMachine(own, machine.id, await anAccessToken(own, machine.id));
    expect(other.key).not.toEqual(machine.key);
    const again = await asMachine(own, machine.id, machine.token);
    expect(again.key).toEqual(machine.key);
    const restarted = await own.restart();
    const after = await asMachine(restarted, machine.id, machine.token);
    expect(after.key).toEqual(machine.key);
    // A state file has the token of before.
    expect((await restarted.call(machine.jwt).get(`${organization(restarted)}/secrets`)).status).toBe(200);
    await restarted.stop();
  });

  test("it is in the trail, and moves the time of the last use", async () => {
    const { token } = await aMachine(coffer);
    const entry = (await readTrail(coffer, null)).findLast(({ action }) => action === "session.open");
    expect(entry).toMatchObject({ target_id: token.id, outcome: "allowed", caller_kind: "machine" });
    expect((await me.get(`${native(coffer)}/tokens/${token.id}`)).body.lastUsedAt).not.toBeNull();
  });
});

describe("a refusal", () => {
  test("400: unknown and wrong are the same to the letter", async () => {
    const { token } = await aMachine(coffer);
    const forms = [
      formOf({ id: nowhere, secret: token.secret }),
      formOf({ id: token.id, secret: `${token.secret.slice(0, -1)}!` }),
      formOf({ id: "x", secret: token.secret }),
      formOf({ id: token.id, secret: "" }),
      formOf({ id: token.id, secret: "s".repeat(5_000) }),
      formOf({ id: coffer.token, secret: coffer.token }),
    ];
    for (const form of forms) {
      const answer = await logIn(coffer.url, form);
      expect({ status: answer.status, text: answer.text }).toEqual({
        status: 400,
        text: '{"error":"invalid_client"}',
      });
      expectJson(answer);
    }
  });

  test("400: another grant, another scope, and what is no form", async () => {
    const { token } = await aMachine(coffer);
    const grant = await logIn(coffer.url, { ...formOf(token), grant_type: "password" });
    expect({ status: grant.status, body: grant.body }).toEqual({
      status: 400,
      body: { error: "unsupported_grant_type" },
    });
    const scope = await logIn(coffer.url, { ...formOf(token), scope: "api" });
    expect({ status: scope.status, body: scope.body }).toEqual({
      status: 400,
      body: { error: "invalid_scope" },
    });
    const none = await coffer.call(null).post("/identity/connect/token");
    expect({ status: none.status, body: none.body }).toEqual({
      status: 400,
      body: { error: "unsupported_grant_type" },
    });
  });

  test("400: a token that expired, or was revoked, or whose machine is gone", async () => {
    const own = await startCoffer();
    const machine = await aMachine(own);
    const owner = own.call(own.token);
    const tokens = `${native(own)}/machines/${machine.id}/access-tokens`;
    const soon = new Date(Date.now() + 400).toISOString();
    const expiring = parse((await owner.post(tokens, { name: "soon", expiresAt: soon })).body.accessToken);
    expect((await logIn(own.url, formOf(expiring))).status).toBe(200);
    await expect.poll(async () => (await logIn(own.url, formOf(expiring))).status).toBe(400);
    const past = { name: "past", expiresAt: new Date(Date.now() - 1_000).toISOString() };
    expect((await owner.post(tokens, past)).status).toBe(400);
    await owner.delete(`${native(own)}/machines/${machine.id}`);
    const { status, body } = await logIn(own.url, formOf(machine.token));
    expect({ status, body }).toEqual({ status: 400, body: { error: "invalid_client" } });
    await own.stop();
  });

  test("429: an id that failed ten times from an address, right or wrong; others go on", async () => {
    const own = await startCoffer({ clock: heldClock() });
    const machine = await aMachine(own);
    const wrong = formOf({ id: machine.token.id, secret: "x".repeat(30) });
    for (let turn = 0; turn < 10; turn += 1) expect((await logIn(own.url, wrong)).status).toBe(400);
    const answer = await logIn(own.url, formOf(machine.token));
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 429,
      body: errorBody("Slow down! Too many requests. Try again in 1m."),
    });
    expect(answer.headers.get("retry-after")).toBe("60");
    expectJson(answer);
    const other = await aMachine(own, "other");
    expect((await logIn(own.url, formOf(other.token))).status).toBe(200);
    await own.stop();
  });
});

describe("the token of a login", () => {
  const list = `${organization(coffer)}/secrets`;

  test("401: none, another's signature, changed claims, and those of other kinds", async () => {
    const { jwt } = await aMachine(coffer);
    const [header = "", payload = "", signature = ""] = jwt.split(".");
    const later = { ...claimsOf(jwt), exp: claimsOf(jwt).exp + 1_000_000 };
    const changed = Buffer.from(JSON.stringify(later)).toString("base64url");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "at+jwt" })).toString("base64url");
    const tokens = [
      null,
      "x",
      `${header}.${changed}.${signature}`,
      `${none}.${payload}.`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
      `${header}.${payload}.${signature}.`,
    ];
    for (const token of tokens) {
      const answer = await coffer.call(token).get(list);
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 401, text: "" });
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  test("401: from the commit of its revocation on, and of its machine's end", async () => {
    const machine = await aMachine(coffer);
    expect((await machine.get(list)).status).toBe(200);
    const other = await asMachine(coffer, machine.id, await anAccessToken(coffer, machine.id));
    const revoke = `/api/service-accounts/${machine.id}/access-tokens/revoke`;
    expect((await me.post(revoke, { ids: [machine.token.id, nowhere] })).status).toBe(200);
    expect((await machine.get(list)).status).toBe(401);
    expect((await logIn(coffer.url, formOf(machine.token))).body).toEqual({ error: "invalid_client" });
    expect((await other.get(list)).status).toBe(200);
    await me.delete(`${native(coffer)}/machines/${machine.id}`);
    expect((await other.get(list)).status).toBe(401);
  });

  test("401: after an hour", async () => {
    const clock = heldClock();
    const own = await startCoffer({ clock });
    const machine = await aMachine(own);
    const secrets = `${organization(own)}/secrets`;
    clock.pass(3_599_000);
    expect((await machine.get(secrets)).status).toBe(200);
    clock.pass(1_000);
    expect((await machine.get(secrets)).status).toBe(401);
    await own.stop();
  });

  test("opens nothing in other dialects", async () => {
    const { jwt } = await aMachine(coffer);
    for (const path of ["/v1/whoami", "/v2/organizations", "/v2/access-token"]) {
      expect((await coffer.call(jwt).get(path)).status).toBe(401);
    }
  });
});

test("404: whatever else is asked of the identity server", async () => {
  for (const path of [
    "/identity",
    "/identity/connect/authorize",
    "/identity/.well-known/openid-configuration",
  ]) {
    const { status, body } = await coffer.call(null).get(path);
    expect({ status, body }).toEqual({ status: 404, body: errorBody("Resource not found.") });
  }
});
