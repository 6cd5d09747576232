// What the feed promises to those who may list only part: they see that part, and when it changes they
// are told to start over, at once and after any restart. Whose access stays the same goes on.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shown } from "../../src/core/feed.ts";
import { limits } from "../../src/core/limits.ts";
import { coffers } from "../support/coffers.ts";
import type { Answer, Client, TestCoffer } from "../support/server.ts";

const org = "/v1/organizations/default";
const aName = () => `n-${randomUUID()}`;

for (const engine of coffers) {
  describe(`the feed on ${engine.name}`, () => {
    let coffer: TestCoffer;
    let owner: Client;
    beforeAll(async () => {
      coffer = await engine.start();
      owner = coffer.call(coffer.token);
    });
    afterAll(() => coffer.stop());

    interface Reader {
      readonly id: string;
      readonly kind: "person" | "machine";
      readonly token: string;
    }

    async function done(answer: Promise<Answer>): Promise<Answer["body"]> {
      const { status, body, text } = await answer;
      if (status >= 300) throw new Error(`${status} ${text}`);
      return body;
    }

    async function person(role = "member"): Promise<Reader & { readonly membership: string }> {
      const { invitation, membershipId } = await done(
        owner.post(`${org}/people`, { email: `${randomUUID()}@example.org`, role }),
      );
      const accepted = await done(owner.post("/v1/invitations/accept", { invitation }));
      return {
        id: accepted.person.id,
        kind: "person",
        token: accepted.token,
        membership: membershipId,
      };
    }

    async function machine(): Promise<Reader> {
      const { id } = await done(owner.post(`${org}/machines`, { name: aName() }));
      const principal = { kind: "machine", id };
      const { token } = await done(owner.post(`${org}/tokens`, { principal, name: "t" }));
      return { id, kind: "machine", token };
    }

    async function store(): Promise<{ id: string; slug: string }> {
      return done(owner.post(`${org}/stores`, { name: aName() }));
    }

    const grantOf = (subject: { kind: string; id: string }, storeId: string) => ({
      subject: { kind: subject.kind, id: subject.id },
      object: { kind: "store", id: storeId },
    });
    const give = (subject: { kind: string; id: string }, storeId: string, level = "read") =>
      done(owner.put(`${org}/grants`, { ...grantOf(subject, storeId), level }));
    const take = (subject: { kind: string; id: string }, storeId: string) =>
      done(owner.delete(`${org}/grants`, grantOf(subject, storeId)));
    const write = (slug: string, name = aName()) =>
      done(owner.post(`${org}/stores/${slug}/secrets`, { name, value: "v" }));

    const standing = async (): Promise<number> => (await done(owner.get(org))).revision;
    const read = ({ token }: Pick<Reader, "token">, since: number, wait = 0) =>
      coffer.call(token).get(`${org}/changes?since=${since}&wait=${wait}`);

    /** The whole refusal, which says where to go on. */
    async function expectStartOver(answer: Answer): Promise<void> {
      const revision = answer.body.error?.details.revision;
      expect([answer.status, answer.body.error]).toEqual([
        410,
        {
          code: "feed.too_old",
          message: "That revision is not told any more; list anew and go on from there.",
          requestId: answer.headers.get("x-request-id"),
          details: { revision: expect.any(Number) },
        },
      ]);
      expect(revision).toBeLessThanOrEqual(await standing());
    }

    /** What happens while one reader waits and another, whom it does not concern, waits too. */
    async function told(reader: Reader, change: () => Promise<unknown>): Promise<void> {
      const bystander = await person();
      const place = await store();
      await give(bystander, place.id);
      const since = await standing();
      const waiting = read(reader, since, 50);
      const aside = read(bystander, since, 50);
      // Both are inside by then: what comes now must wake them.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const from = performance.now();
      await change();
      await expectStartOver(await waiting);
      expect(performance.now() - from).toBeLessThan(20_000);
      await expectStartOver(await read(reader, since));
      // From the revision that he was told he goes on.
      const { revision } = (await read(reader, since)).body.error.details;
      expect((await read(reader, revision)).status).toBe(200);
      const { id } = await write(place.slug);
      expect((await aside).body.items).toMatchObject([{ kind: "secret.created", secretId: id }]);
      expect((await read(bystander, since)).status).toBe(200);
    }

    test("a grant given, raised to another level and taken, to a person and to a machine", async () => {
      for (const reader of [await person(), await machine()]) {
        const { id } = await store();
        await told(reader, () => give(reader, id));
        await told(reader, () => give(reader, id, "write"));
        await told(reader, () => take(reader, id));
      }
    });

    test("a group: what it is given, who comes, who goes, and its end", async () => {
      const reader = await person();
      const { id } = await store();
      const group = await done(owner.post(`${org}/groups`, { name: aName() }));
      const member = `${org}/groups/${group.id}/members/${reader.id}`;
      await give({ kind: "group", id: group.id }, id);
      await told(reader, () => done(owner.put(member)));
      await told(reader, () => take({ kind: "group", id: group.id }, id));
      await told(reader, () => give({ kind: "group", id: group.id }, id));
      await told(reader, () => done(owner.delete(member)));
      await done(owner.put(member));
      await told(reader, () => done(owner.delete(`${org}/groups/${group.id}`)));
    });

    test("a role, and a membership that begins again", async () => {
      const reader = await person();
      await told(reader, () => done(owner.patch(`${org}/people/${reader.membership}`, { role: "admin" })));
      await told(reader, () => done(owner.patch(`${org}/people/${reader.membership}`, { role: "member" })));
    });

    test("the end of a store, for whoever held something on it", async () => {
      const reader = await person();
      const { id, slug } = await store();
      await give(reader, id);
      await write(slug);
      await told(reader, () => done(owner.delete(`${org}/stores/${slug}?force=true`)));
    });

    test("what changes nobody's lists makes nobody start over", async () => {
      const reader = await person();
      const { id, slug } = await store();
      await give(reader, id);
      const since = await standing();
      const other = await machine();
      await give({ kind: "person", id: reader.id }, id);
      await done(
        owner.put(`${org}/grants`, {
          subject: { kind: "person", id: reader.id },
          object: { kind: "machine", id: other.id },
          level: "read",
        }),
      );
      await done(owner.post(`${org}/services`, { name: "consumer", stores: [slug] }));
      const made = await write(slug);
      await done(owner.patch(`${org}/stores/${slug}/secrets/${made.id}`, { consumers: ["consumer"] }));
      await done(owner.patch(`${org}/stores/${slug}`, { name: "Renamed" }));
      await done(coffer.call(reader.token).post(`${org}/stores`, { name: "His own" }));
      const { status, body } = await read(reader, since);
      expect([status, body.items.map(({ kind }: { kind: string }) => kind)]).toEqual([
        200,
        ["secret.created", "secret.updated", "store.updated", "store.created"],
      ]);
    });

    test("a service is in no feed, whatever lists it", async () => {
      const { id } = await done(owner.post(`${org}/services`, { name: aName() }));
      const minted = { principal: { kind: "service", id }, name: "t" };
      const { token } = await done(owner.post(`${org}/tokens`, minted));
      expect((await coffer.call(token).get(`${org}/changes`)).status).toBe(403);
    });

    test("a revoked token is 401 at once, also for who waits by it", async () => {
      const reader = await machine();
      const since = await standing();
      const waiting = read(reader, since, 50);
      const { items } = await done(owner.get(`${org}/tokens?limit=1000`));
      const its = items.find(({ principal }: { principal: { id: string } }) => principal.id === reader.id);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const from = performance.now();
      await done(owner.delete(`${org}/tokens/${its.id}`));
      expect((await waiting).status).toBe(401);
      expect(performance.now() - from).toBeLessThan(20_000);
    });

    test("a token of his own over all organizations wakes who waits by it, too", async () => {
      const { id, token } = await done(owner.post("/v1/tokens", { name: "own" }));
      const waiting = read({ token }, await standing(), 50);
      await new Promise((resolve) => setTimeout(resolve, 100));
      await done(owner.delete(`/v1/tokens/${id}`));
      expect((await waiting).status).toBe(401);
    });

    test("a secret that moves leaves one store and comes into the other, told by what each may list", async () => {
      const [from, to] = [await store(), await store()];
      const [left, right, both] = [await person(), await person(), await person()];
      for (const [reader, at] of [
        [left, from],
        [right, to],
        [both, from],
        [both, to],
      ] as const) {
        await give(reader, at.id);
      }
      const made = await write(from.slug, "BEFORE");
      const since = await standing();
      const move = { store: to.slug, name: "AFTER" };
      await done(owner.post(`${org}/stores/${from.slug}/secrets/${made.id}/move`, move));
      const seen = async (reader: Reader) => (await read(reader, since)).body.items;
      const moved = { kind: "secret.moved", secretId: made.id };
      expect(await seen(left)).toMatchObject([{ ...moved, storeId: from.id, name: "BEFORE" }]);
      expect(await seen(right)).toMatchObject([{ ...moved, storeId: to.id, name: "AFTER" }]);
      expect(await seen(both)).toMatchObject([{ ...moved, storeId: to.id, name: "AFTER" }]);
      const { feed } = coffer.node.operations;
      const caller = { ...coffer.owner };
      const page = await feed.changes(caller, { slug: "default" }, since, { waitSeconds: 0, limit: 9 });
      const [change] = page.items;
      expect(change).toMatchObject({ storeIdBefore: from.id, nameBefore: "BEFORE" });
      if (change === undefined) throw new Error("the owner sees no change");
      expect(shown(change, (id) => id === from.id)).toMatchObject({ after: null, nameBefore: null });
      const arrived = { storeIdBefore: null, nameBefore: null, labelsBefore: null };
      expect(shown(change, (id) => id === to.id)).toMatchObject(arrived);
      expect(shown(change, () => false)).toBeNull();
    });

    test("what left a store before somebody came there is not told to him, from the beginning either", async () => {
      const [from, away] = [await store(), await store()];
      const made = await write(from.slug, "SINCE-MOVED");
      await done(owner.post(`${org}/stores/${from.slug}/secrets/${made.id}/move`, { store: away.slug }));
      const reader = await person();
      await give(reader, from.id);
      const page = await read(reader, 0);
      expect(page.status).toBe(200);
      expect(page.text).not.toContain("SINCE-MOVED");
      const later = await write(from.slug);
      expect((await read(reader, 0)).body.items).toMatchObject([
        { kind: "secret.created", secretId: later.id },
      ]);
      await expectStartOver(await read(reader, 1));
    });

    test("past a bound it is said of everybody", async () => {
      const { id, slug } = await store();
      const reader = await person();
      for (let count = 0; count <= limits.accessConcernsMax; count += 1) {
        const one = await done(owner.post(`${org}/groups`, { name: aName() }));
        await give({ kind: "group", id: one.id }, id);
      }
      const since = await standing();
      await done(owner.delete(`${org}/stores/${slug}`));
      await expectStartOver(await read(reader, since));
      // Who begins with nothing is told what happens from there on.
      expect((await read(reader, 0)).status).toBe(200);
    });

    test("it is remembered over a restart", async () => {
      const reader = await person();
      const { id } = await store();
      const since = await standing();
      await give(reader, id);
      coffer = await coffer.restart();
      owner = coffer.call(coffer.token);
      await expectStartOver(await read(reader, since));
      // The owner may list as before, and hears nothing of it.
      expect((await read({ token: coffer.token }, since)).body).toMatchObject({ items: [] });
    });
  });
}
