// Between the door and the body of an operation a credential may end: what was let in a moment ago is
// asked again by each body, in the same transaction in which it acts. Below the routes, past the door.
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import type { Caller } from "../../../src/core/caller.ts";
import { getOrganization } from "../../../src/core/organizations/read.ts";
import { heldClock, home, refusal } from "../../support/coffers.ts";
import { tokenIdOf } from "../../support/server.ts";
import { anEmail, field } from "./field.ts";

const hour = 3_600_000;
const clock = heldClock(Date.now());
const it = await field({ clock });
const { node, bootstrap } = it.coffer;
const { organizations, people, services, stores, tokens, keys, jobs, demandScope } = node.operations;
afterAll(() => it.coffer.stop());

const page = { after: null, limit: 1 };
const scope = { action: "store.list", scope: { names: ["any"], byAction: true } } as const;
/** As a node asks that has not heard yet that the organization is gone. */
const deleted = (caller: Caller) =>
  node.context.database.point(getOrganization, { caller, at: clock.now(), organizationId: randomUUID() });

const asks: readonly (readonly [string, (caller: Caller) => Promise<unknown>])[] = [
  ["the organization", (caller) => organizations.get(caller, home)],
  ["an organization that is not there", (caller) => organizations.get(caller, { slug: "nowhere" })],
  ["an organization that was deleted", deleted],
  ["one's organizations", (caller) => organizations.list(caller, page)],
  ["one's only organization", (caller) => organizations.sole(caller)],
  ["one's memberships", (caller) => people.memberships(caller, { offset: 0, limit: 1 })],
  ["where a service reads", (caller) => services.place(caller, null)],
  ["a new organization", (caller) => organizations.create(caller, { slug: "another", name: "Another" })],
  ["the share of the organization", (caller) => organizations.reached(caller, home)],
  ["who one is", (caller) => organizations.whoami(caller)],
  ["the organization of a store", (caller) => stores.organizationOf(caller, bootstrap.store.id)],
  ["one's account", (caller) => people.me(caller)],
  ["another name", (caller) => people.updateMe(caller, { name: "Another" })],
  ["another member", (caller) => people.invite(caller, home, { email: anEmail(), role: "member" })],
  ["one's tokens", (caller) => tokens.own.list(caller, { before: null, limit: 1 })],
  ["the end of the token", (caller) => tokens.revokeCurrent(caller)],
  ["the installation's keys", (caller) => keys.installation.status(caller)],
  ["what a scope allows", (caller) => demandScope(caller, scope)],
];

/** A token over all of the first owner's organizations, which ends after an hour. */
async function letIn(): Promise<Caller> {
  const expiresAt = new Date(clock.now() + hour).toISOString();
  const { token } = await it.made("/v1/tokens", { name: "ending", expiresAt });
  return { ...it.coffer.owner, tokenId: tokenIdOf(token) };
}

const ends: readonly (readonly [string, () => Promise<Caller>])[] = [
  [
    "that has expired unused",
    async () => {
      const caller = await letIn();
      clock.pass(hour);
      return caller;
    },
  ],
  [
    "that has expired in use",
    async () => {
      const caller = await letIn();
      await organizations.get(caller, home);
      clock.pass(hour);
      return caller;
    },
  ],
  [
    "that was revoked in use",
    async () => {
      const caller = await letIn();
      await organizations.get(caller, home);
      expect((await it.me.delete(`/v1/tokens/${caller.tokenId}`)).status).toBe(204);
      return caller;
    },
  ],
];

for (const [ended, make] of ends) {
  test.each(asks)(`refused: %s, by a credential ${ended}`, async (_, ask) => {
    expect((await refusal(ask(await make()))).code).toBe("caller.unauthenticated");
  });
}

test.each(asks)("not so: %s, by a credential that stands", async (_, ask) => {
  const code = await ask(await letIn()).then(
    () => null,
    (error) => error.code,
  );
  // What is not there for him either way, and what is for services alone.
  expect([null, "organization.not_found", "caller.denied"]).toContain(code);
});

test("refused: the place of a job, by a session that was ended", async () => {
  const { id, token, jobId } = await it.job("default");
  const caller: Caller = { ...it.coffer.owner, kind: "job", id, tokenId: tokenIdOf(token) };
  await jobs.end(it.coffer.owner, home, { slug: "default" }, jobId);
  expect((await refusal(jobs.session(caller, jobId))).code).toBe("caller.unauthenticated");
});
