// Why somebody may or may not. Principals and grants are put into the tables here: how they come to be
// has tests of its own.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCoffer, type TestCoffer } from "../../support/server.ts";
import { aToken, created, createdStore, expectInvalid, expectRefused, organization } from "./support.ts";

let coffer: TestCoffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.stop());

const path = `${organization}/explain`;
const me = () => coffer.call(coffer.bootstrap.token);

function machine(): string {
  const id = randomUUID();
  insert("INSERT INTO machines VALUES (?, ?, 'robot', 1, '{}', 1)", id, coffer.bootstrap.organization.id);
  return id;
}

function grant(subject: string, kind: string, object: string, level: string): void {
  insert(
    "INSERT INTO grants VALUES ('machine', ?, ?, ?, ?, ?, 1)",
    ...[subject, kind, object, coffer.bootstrap.organization.id, level],
  );
}

function insert(text: string, ...values: string[]): void {
  const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
  try {
    db.prepare(text).run(...values);
    db.exec("UPDATE access_epochs SET epoch = epoch + 1");
  } finally {
    db.close();
  }
}

async function why(body: Record<string, unknown>, client = me()) {
  const answer = await client.post(path, body);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

describe("explain", () => {
  test("200 about oneself: role, and what the credential leaves of it", async () => {
    const { name } = await created(me(), { value: "v" });
    const asked = { action: "secret.purge", store: "default", secret: name };
    expect(await why(asked)).toEqual({
      allowed: true,
      because: ["role: owner", "membership: owner", "no grant there"],
    });
    const narrow = coffer.call(aToken(coffer, { scopes: ["secret.read"] }));
    expect(await why(asked, narrow)).toEqual({
      allowed: false,
      because: ["token: no scope covers secret.purge", "membership: owner", "no grant there"],
    });
  });

  test("200 about a machine: each grant, also the one that is too weak", async () => {
    const [secret, store] = [await created(me(), { value: "v" }), await createdStore(me())];
    const id = machine();
    grant(id, "secret", secret.id, "read");
    grant(id, "store", store.id, "write");
    const principal = { kind: "machine", id };
    const there = { store: "default", secret: secret.name };
    expect(await why({ principal, action: "secret.reveal", ...there })).toEqual({
      allowed: true,
      because: ["grant: read on the secret"],
    });
    expect(await why({ principal, action: "secret.write", ...there })).toEqual({
      allowed: false,
      because: [
        "machine: has no secret.write",
        "grant: read on the secret, which does not allow secret.write",
      ],
    });
    expect(await why({ principal, action: "secret.write", store: store.slug })).toEqual({
      allowed: true,
      because: ["grant: write on the store"],
    });
    expect((await why({ principal, action: "secret.reveal", store: "default" })).allowed).toBe(false);
  });

  test("200 about a service and its consumers", async () => {
    const id = randomUUID();
    const { id: org } = coffer.bootstrap.organization;
    insert("INSERT INTO services VALUES (?, ?, 'worker', NULL, 1, '{}')", id, org);
    const listed = await created(me(), { value: "v", consumers: ["worker"] });
    const other = await created(me(), { value: "v", consumers: ["another"] });
    const about = (secret: string) =>
      why({ principal: { kind: "service", id }, action: "secret.reveal", store: "default", secret });
    expect(await about(listed.name)).toEqual({
      allowed: true,
      because: ["consumer", "service: bound to this store, or to all", "consumers: name the service"],
    });
    expect((await about(other.name)).because).toContain("consumers: do not name the service");
  });

  test("200 about a job: rule by rule", async () => {
    const policy = "- pipeline_slug: web\n  build_branch: main\n- build_branch: [release, hotfix]\n";
    const { name } = await created(me(), { value: "v", policy });
    const about = (claims: object) =>
      why({ claims, action: "secret.reveal", store: "default", secret: name });
    expect(await about({ build_branch: "hotfix" })).toEqual({
      allowed: true,
      because: [
        "policy rule 2",
        "policy rule 1 (line 1): not met (pipeline_slug: the job has no such claim, build_branch: no condition matches)",
        "policy rule 2 (line 3): met (build_branch: met)",
      ],
    });
    expect((await about({ build_branch: "dev" })).allowed).toBe(false);
  });

  test("400 for what cannot be asked", async () => {
    expectInvalid(
      await me().post(path, { action: "secret.steal" }),
      "action",
      "must be an action such as secret.reveal",
    );
    const principal = { kind: "machine", id: randomUUID() };
    const both = { principal, claims: {}, action: "secret.reveal", store: "default" };
    expectInvalid(await me().post(path, both), "claims", "cannot be given with a principal");
    const nowhere = { action: "secret.reveal", secret: "x" };
    expectInvalid(await me().post(path, nowhere), "store", "must be given with a secret");
    expectInvalid(
      await me().post(path, { claims: {}, action: "secret.reveal" }),
      "store",
      "must be given with claims",
    );
  });

  test("404 the same for nobody and for somebody of another organization", async () => {
    const nobody = "There is no such person, machine or service here.";
    const id = randomUUID();
    insert("INSERT INTO people VALUES (?, ?, ?, 'Stranger', 0, 1)", id, `${id}@x.org`, `${id}@x.org`);
    for (const principal of [
      { kind: "person", id },
      { kind: "person", id: randomUUID() },
      { kind: "machine", id },
    ]) {
      const answer = await me().post(path, { principal, action: "secret.reveal" });
      expectRefused(answer, 404, "principal.not_found", nobody);
    }
  });

  test("who may not read grants asks about himself alone, and learns of no place that is hidden from him", async () => {
    const member = coffer.call(aToken(coffer, { role: "member" }));
    const { name } = await created(me(), { value: "v" });
    expect((await why({ action: "store.create" }, member)).allowed).toBe(true);
    const hidden = await member.post(path, { action: "secret.reveal", store: "default", secret: name });
    const missing = await member.post(path, {
      action: "secret.reveal",
      store: "default",
      secret: "not there",
    });
    const nowhere = await member.post(path, { action: "secret.reveal", store: "nowhere" });
    for (const answer of [hidden, missing, nowhere]) {
      expectRefused(answer, 404, "store.not_found", "No such store, or none that this credential reaches.");
    }
    const principal = { kind: "machine", id: machine() };
    const others = await member.post(path, { principal, action: "secret.reveal" });
    expectRefused(others, 403, "caller.denied", "This credential may not do that.");
    const job = await member.post(path, {
      claims: {},
      action: "secret.reveal",
      store: "default",
      secret: name,
    });
    expectRefused(job, 404, "store.not_found", "No such store, or none that this credential reaches.");
  });
});
