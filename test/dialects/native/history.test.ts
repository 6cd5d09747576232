// The audit trail and the change feed.
import { afterAll, describe, expect, test } from "vitest";
import { startCoffer } from "../../support/server.ts";
import {
  aName,
  anId,
  aTime,
  aToken,
  at,
  created,
  expectInvalid,
  expectRefused,
  organization,
} from "./support.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const { bootstrap } = coffer;
const aTimeRule = "must be a time like 2026-01-31T12:00:00Z";

describe("list-audit", () => {
  test("200: newest first, every field, never a value", async () => {
    const secret = await created(me, { value: "canary-in-audit" });
    const read = await me.get(at(secret.name, "/value"));
    const answer = await me.get(`${organization}/audit?target=${secret.id}`);
    expect(answer.status).toBe(200);
    const common = {
      stream: anId,
      seq: expect.any(Number),
      at: aTime,
      organizationId: bootstrap.organization.id,
      caller: { kind: "person", id: bootstrap.person.id, name: "Owner", tokenId: anId },
      dialect: "native",
      target: { kind: "secret", id: secret.id, name: secret.name, storeId: bootstrap.store.id },
      outcome: "allowed",
      because: "role: owner",
      address: "127.0.0.1",
      requestId: anId,
    };
    expect(answer.body).toEqual({
      items: [
        {
          ...common,
          action: "secret.reveal",
          details: { version: 1 },
          requestId: read.headers.get("x-request-id"),
        },
        { ...common, action: "secret.create", details: expect.objectContaining({ version: 1 }) },
      ],
      nextCursor: null,
    });
    expect(answer.text).not.toContain("canary-in-audit");
  });

  test("200: filters hold together, and pages follow each other", async () => {
    const { id, name } = await created(me, { value: "v" });
    for (const _ of "abc") await me.get(at(name, "/value"));
    const path = `${organization}/audit?target=${id}&action=secret.reveal&outcome=allowed&dialect=native`;
    const whole = (await me.get(`${path}&caller=${bootstrap.person.id}`)).body.items;
    expect(whole).toHaveLength(3);
    const first = (await me.get(`${path}&limit=2`)).body;
    const rest = (await me.get(`${path}&limit=2&cursor=${first.nextCursor}`)).body;
    expect([first.items, rest]).toEqual([whole.slice(0, 2), { items: whole.slice(2), nextCursor: null }]);
    for (const none of ["action=secret.write", "outcome=failed", "dialect=grafana", "caller=nobody"]) {
      expect((await me.get(`${organization}/audit?target=${id}&${none}`)).body.items).toEqual([]);
    }
  });

  test("200: since and until bound the time", async () => {
    const { id } = await created(me);
    const path = `${organization}/audit?target=${id}`;
    expect((await me.get(`${path}&since=2020-01-01T00:00:00Z`)).body.items).toHaveLength(1);
    expect((await me.get(`${path}&until=2020-01-01T00:00:00Z`)).body.items).toHaveLength(0);
    expect((await me.get(`${path}&since=2120-01-01T00:00:00%2B01:00`)).body.items).toHaveLength(0);
  });

  test("200: refusals stand in it with their reason, which the refused did not hear", async () => {
    const { id, name } = await created(me, { value: "v" });
    const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
    const refusal = await auditor.get(at(id, "/value"));
    expectRefused(refusal, 403, "caller.denied", "This credential may not do that.");
    const { body } = await auditor.get(`${organization}/audit?target=${id}&outcome=refused`);
    expect(body.items).toMatchObject([
      { action: "secret.reveal", because: "role: auditor has no secret.reveal", target: { id } },
    ]);
    expect((await me.get(at(name))).body.lastReadAt).toBeNull();
  });

  test("403 for who may not read it", async () => {
    const narrow = coffer.call(aToken(coffer, { scopes: ["secret.*", "organization.read"] }));
    const answer = await narrow.get(`${organization}/audit`);
    expectRefused(answer, 403, "caller.denied", "This credential may not do that.");
  });

  test("400 for filters of a wrong form", async () => {
    const get = (query: string) => me.get(`${organization}/audit?${query}`);
    expectInvalid(await get("since=yesterday"), "since", aTimeRule);
    expectInvalid(await get("until=2026-01-31"), "until", aTimeRule);
    expectInvalid(await get("until=2026-01-31T12:00:00"), "until", aTimeRule);
    expectInvalid(await get("outcome=maybe"), "outcome", 'must be one of "allowed", "refused", "failed"');
    expectInvalid(await get("action="), "action", "must not be empty");
    expectInvalid(await get("target=%00"), "target", "must not contain control characters");
    expectInvalid(await get(`caller=${"x".repeat(501)}`), "caller", "must have at most 500 characters", 500);
    expectInvalid(await get("actor=x"), "actor", "is not a member known here");
  });
});

describe("list-changes", () => {
  const path = `${organization}/changes`;

  test("200: in revision order after the one given, without values", async () => {
    const { body: before } = await me.get(path);
    const secret = await created(me, { value: "canary-in-feed" });
    const written = (await me.put(at(secret.name, "/value"), { value: "canary-in-feed" })).body;
    await me.delete(at(secret.name));
    const answer = await me.get(`${path}?since=${before.revision}`);
    const change = (kind: string, revision: unknown) => ({
      revision,
      at: aTime,
      kind,
      storeId: bootstrap.store.id,
      secretId: secret.id,
      name: secret.name,
    });
    const last = before.revision + 3;
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        items: [
          change("secret.created", secret.revision),
          change("secret.value", written.revision),
          change("secret.trashed", last),
        ],
        revision: last,
      },
    ]);
    expect(answer.text).not.toContain("canary-in-feed");
    const page = await me.get(`${path}?since=${before.revision}&limit=2`);
    expect(page.body).toEqual({ items: answer.body.items.slice(0, 2), revision: written.revision });
  });

  test("200: waits for the first change, and no longer", async () => {
    const { revision } = (await me.get(path)).body;
    const waiting = me.get(`${path}?since=${revision}&wait=30`);
    const [change, secret] = await Promise.all([waiting, created(me, { name: aName() })]);
    expect(change.body.items).toMatchObject([{ kind: "secret.created", secretId: secret.id }]);
  });

  test("200: nothing, once the wait is over", async () => {
    const { revision } = (await me.get(path)).body;
    const answer = await me.get(`${path}?since=${revision}&wait=1`);
    expect([answer.status, answer.body]).toEqual([200, { items: [], revision }]);
  });

  test("410 for a revision that has not been, with the one that is", async () => {
    const { revision } = (await me.get(path)).body;
    const answer = await me.get(`${path}?since=${revision + 1}`);
    const message = "That revision is not told any more; list anew and go on from there.";
    expectRefused(answer, 410, "feed.too_old", message, { revision });
  });

  test("400 for numbers out of bounds", async () => {
    const whole = (from: number, to: number) => `must be a whole number from ${from} to ${to}`;
    const max = Number.MAX_SAFE_INTEGER;
    expectInvalid(await me.get(`${path}?since=-1`), "since", whole(0, max), max);
    expectInvalid(await me.get(`${path}?since=1e3`), "since", whole(0, max), max);
    expectInvalid(await me.get(`${path}?wait=61`), "wait", whole(0, 60), 60);
    expectInvalid(await me.get(`${path}?limit=0`), "limit", whole(1, 1000), 1000);
  });
});
