// Some operations look first, in a snapshot, and write then. Who may not is refused already when they
// look: nothing sealed is handed to the keyring for him. Below the routes, where only the looking is asked.
import { afterAll, beforeAll, expect, test } from "vitest";
import { termsToRotate } from "../../../src/core/keys/status.ts";
import type { OrganizationCall } from "../../../src/core/operation.ts";
import { findAuthors } from "../../../src/core/people/authors.ts";
import type { Query } from "../../../src/core/ports.ts";
import { findDuplicateSource } from "../../../src/core/secrets/duplicate.ts";
import { findRepeat } from "../../../src/core/secrets/repeat.ts";
import { findPastValue } from "../../../src/core/secrets/versions.ts";
import { countOrganization, countReach, countStore } from "../../../src/core/sights/counts.ts";
import { listMachineSights, listStoreSights } from "../../../src/core/sights/places.ts";
import {
  listSecretSights,
  listTrashSights,
  sightOfSecret,
  sightOfSecrets,
} from "../../../src/core/sights/secrets.ts";
import { changedSince } from "../../../src/core/sights/sync.ts";
import { pastVersions } from "../../../src/core/sights/versions.ts";
import { refusal } from "../../support/coffers.ts";
import { tokenIdOf } from "../../support/server.ts";
import { type Actor, field, type Secret } from "./field.ts";

const it = await field();
const { context } = it.coffer.node;
const { organization, store } = it.coffer.bootstrap;
afterAll(() => it.coffer.stop());

let secret: Secret;
let stranger: Actor;
beforeAll(async () => {
  secret = await it.secret();
  const { id } = await it.made("/v1/organizations", { slug: "another", name: "Another" });
  const asked = { email: "stranger@example.org", role: "owner" };
  const { invitation } = await it.made(`/v1/organizations/${id}/people`, asked);
  const accepted = await it.me.post("/v1/invitations/accept", { invitation });
  stranger = it.as(accepted.body.person.id, accepted.body.token);
});

const place = () => ({ store: { id: store.id }, secret: { id: secret.id } });
const repeated = () => ({
  store: { id: store.id },
  made: { name: secret.name, description: null, attributes: {} },
  withinMs: 60_000,
});
const looks = {
  "at the source of a copy": (by: Actor) => look(by, findDuplicateSource, { ...place(), toStore: null }),
  "at a past value": (by: Actor) => look(by, findPastValue, { ...place(), number: 1 }),
  "at the terms of a key": (by: Actor) => look(by, termsToRotate, {}),
  "at what the same request made before": (by: Actor) => look(by, findRepeat, repeated()),
  "into the trash": (by: Actor) => look(by, listTrashSights, { after: null, limit: 10 }),
} as const;

function look<I extends OrganizationCall, O>(
  by: Actor,
  query: Query<I, O>,
  asked: Omit<I, keyof OrganizationCall>,
): Promise<O> {
  const caller = { ...it.coffer.owner, id: by.id, tokenId: tokenIdOf(by.token) };
  const call = { caller, at: context.clock.now(), organizationId: organization.id };
  return context.database.point(query, { ...call, ...asked } as I); // a call and what is asked make the input
}

const names = Object.keys(looks) as (keyof typeof looks)[];

test.each(names)("refused: to look %s, by a stranger to the organization", async (name) => {
  expect((await refusal(looks[name](stranger))).code).toBe("organization.not_found");
});

test.each(names)("refused: to look %s, by who only reads there", async (name) => {
  const reader = it.person("member", ["store", store.id, "read"]);
  expect((await refusal(looks[name](reader))).code).toBe("caller.denied");
});

test.each(names)("allowed: to look %s, by the owner", async (name) => {
  await looks[name](it.owner);
});

const sights = {
  stores: (by: Actor) => look(by, listStoreSights, {}),
  machines: (by: Actor) => look(by, listMachineSights, {}),
  numbers: (by: Actor) => look(by, countOrganization, {}),
  secret: (by: Actor) => look(by, sightOfSecret, { id: secret.id }),
  secrets: (by: Actor) => look(by, sightOfSecrets, { ids: [secret.id] }),
  "whole list of secrets": (by: Actor) => look(by, listSecretSights, { store: null, after: null, limit: 10 }),
  "past values": (by: Actor) => look(by, pastVersions, { of: { secretId: secret.id } }),
  authors: (by: Actor) => look(by, findAuthors, { ids: [it.owner.id] }),
  changes: (by: Actor) => look(by, changedSince, { since: 0 }),
} as const;

test.each(Object.entries(sights))(
  "refused: to see an organization's %s, by a stranger to it",
  async (_, see) => {
    expect((await refusal(see(stranger))).code).toBe("organization.not_found");
  },
);

test("refused: to count what a machine reads, by a stranger and by who does not see the machine", async () => {
  const machineIds = [it.machine(["store", store.id, "read"]).id];
  const counting = (by: Actor) => look(by, countReach, { machineIds });
  expect((await counting(it.owner))[0]).toBeGreaterThan(0);
  expect((await refusal(counting(stranger))).code).toBe("organization.not_found");
  expect((await refusal(counting(it.person()))).code).toBe("machine.not_found");
});

test("what is counted is what the credential may read, not what its person may", async () => {
  const whole = await it.store();
  await it.secret(whole.slug);
  const single = await it.secret();
  const reader = it.person("member", ["store", whole.id, "read"], ["secret", single.id, "read"]);
  const seen = async (by: Actor) => [
    (await look(by, countOrganization, {})).secrets,
    (await look(by, countStore, { id: whole.id })).secrets,
  ];
  expect(await seen(reader)).toEqual([2, 1]);
  const scopes = ["organization.read", "store.*", "secret.list"];
  expect(await seen(await it.narrowed(reader, { scopes }))).toEqual([0, 0]);
});
