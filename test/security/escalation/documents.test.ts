// Operations that dialects ask after they were admitted, called without that: each decides for itself.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../../src/core/caller.ts";
import type { Operations } from "../../../src/core/operations.ts";
import type { Ref } from "../../../src/core/organizations/organization.ts";
import { home, refusal } from "../../support/coffers.ts";
import { startCoffer, type TestCoffer, tokenIdOf } from "../../support/server.ts";

let coffer: TestCoffer;
let core: Operations;
let store: Ref;
let reader: Caller;
let nobody: Caller;
let stranger: Caller;

beforeAll(async () => {
  coffer = await startCoffer();
  core = coffer.node.operations;
  const made = await core.stores.create(coffer.owner, home, { name: "Documents" });
  store = { id: made.id };
  nobody = await member("default");
  reader = await member("default");
  const grant = {
    subject: { kind: "person", id: reader.id },
    object: { kind: "store", id: made.id },
    level: "read",
  };
  await coffer.call(coffer.token).put("/v1/organizations/default/grants", grant);
  await coffer.call(coffer.token).post("/v1/organizations", { slug: "other", name: "other" });
  stranger = await member("other", "owner");
  await core.documents.create(coffer.owner, home, { store, kind: "thing" }, { name: "there", body: {} });
  await core.secrets.create(coffer.owner, home, store, { name: "secret", consumers: ["Member"] });
});
afterAll(() => coffer.stop());

async function member(org: string, role = "member"): Promise<Caller> {
  const email = `${randomUUID()}@example.org`;
  const invited = await coffer.call(coffer.token).post(`/v1/organizations/${org}/people`, { email, role });
  const { body } = await coffer
    .call(null)
    .post("/v1/invitations/accept", { invitation: invited.body.invitation, name: "Member" });
  return { ...coffer.owner, id: body.person.id, name: "Member", tokenId: tokenIdOf(body.token) };
}

const place = () => ({ store, kind: "thing" });
const reads: readonly (readonly [string, (by: Caller) => Promise<unknown>])[] = [
  ["read", (by) => core.documents.get(by, home, place(), "there")],
  ["listed", (by) => core.documents.list(by, home, place(), { after: null, limit: 10 })],
];
const writes: readonly (readonly [string, (by: Caller) => Promise<unknown>])[] = [
  ["made", (by) => core.documents.create(by, home, place(), { name: "mine", body: {} })],
  ["changed", (by) => core.documents.modify(by, home, place(), "there", () => ({ n: 1 }))],
  ["removed", (by) => core.documents.remove(by, home, place(), "there")],
];

describe("documents", () => {
  test.each([...reads, ...writes])("are not %s by who holds nothing there", async (_, act) => {
    expect((await refusal(act(nobody))).code).toBe("store.not_found");
    expect((await refusal(act(stranger))).code).toBe("organization.not_found");
  });

  test.each(writes)("are not %s by who may read", async (_, act) => {
    expect((await refusal(act(reader))).code).toBe("caller.denied");
  });

  test.each(reads)("are %s by who may read", async (_, act) => {
    await expect(act(reader)).resolves.toBeDefined();
  });
});

test("only a service lists what lists it", async () => {
  expect((await refusal(core.services.secrets(reader, home, store))).code).toBe("caller.denied");
  expect((await refusal(core.services.secrets(stranger, home, store))).code).toBe("organization.not_found");
  expect((await refusal(core.services.place(reader, null))).because).toBe("no service identity in token");
});
