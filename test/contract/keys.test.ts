// Rotation of an organization's key on both engines: under load, by who may, and with the audit trail
// still true of every row afterwards.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../../src/core/caller.ts";
import { systemCaller } from "../../src/core/caller.ts";
import { readOrganizationKeys } from "../../src/core/installation.ts";
import { resealValues, storedValues } from "../../src/core/keys/reseal.ts";
import { limits } from "../../src/core/limits.ts";
import { openSource, verify } from "../../src/verify/index.ts";
import { home, refusal, text } from "../support/coffers.ts";
import { sharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { startCoffer, type TestCoffer, tokenIdOf } from "../support/server.ts";

const places = [
  { name: "SQLite", database: async () => undefined },
  ...(have("postgresql")
    ? [{ name: "PostgreSQL", database: async () => (await sharedPostgres()).database() }]
    : []),
];
const store = { slug: "default" };

for (const place of places) {
  describe(`keys on ${place.name}`, () => {
    let coffer: TestCoffer;
    let database: string | undefined;
    beforeAll(async () => {
      database = await place.database();
      coffer = await startCoffer(database === undefined ? {} : { database });
    });
    afterAll(() => coffer.stop());

    const operations = () => coffer.node.operations;
    const secrets = () => coffer.node.operations.secrets;
    const keys = () => coffer.node.operations.keys;

    const anOrganization = async () => {
      const slug = `o-${randomUUID().slice(0, 8)}`;
      return { id: (await operations().organizations.create(coffer.owner, { slug, name: "Acme" })).id };
    };
    type Org = Awaited<ReturnType<typeof anOrganization>>;

    const create = (org: Org, name: string, value: string) =>
      secrets().create(coffer.owner, org, store, { name, value: text(value) });
    const reveal = async (org: Org, name: string, version?: number) => {
      const options = version === undefined ? {} : { version };
      return (await secrets().reveal(coffer.owner, org, store, { name }, options)).value?.reveal();
    };
    const rewrapAll = async (org: Org) => {
      for (;;) {
        const step = await keys().rewrap(coffer.owner, org);
        if (step.ended) return step;
      }
    };
    const intact = async () => {
      await coffer.node.signHeads();
      const source = await openSource(database === undefined ? { data: coffer.data } : { database });
      try {
        return (await verify(source)).findings;
      } finally {
        await source.close();
      }
    };
    const joined = async (org: Org, role: string): Promise<Caller> => {
      const { code } = await operations().people.invite(coffer.owner, org, {
        email: `p-${randomUUID()}@example.org`,
        role,
      });
      const origin = { dialect: "test", address: null, requestId: null };
      const { person, token } = await operations().people.accept(origin, { code, name: "Ada" });
      return { ...coffer.owner, id: person.id, name: person.name, tokenId: tokenIdOf(token) };
    };

    test("every value moves to the new term, and nothing else of its secret moves", async () => {
      const org = await anOrganization();
      for (let at = 0; at < limits.resealRows + 20; at += 1) await create(org, `S${at}`, `value ${at}`);
      for (const value of ["second", "third"]) {
        await secrets().update(coffer.owner, org, store, { name: "S0" }, { value: text(value) });
      }
      const trashed = await create(org, "GONE", "in the trash");
      await secrets().remove(coffer.owner, org, store, { name: "GONE" }, { removal: "trash" });
      const names = ["S0", "S1", `S${limits.resealRows + 19}`];
      const before = await Promise.all(
        names.map((name) => secrets().get(coffer.owner, org, store, { name })),
      );
      expect(await reveal(org, "S1")).toBe("value 1");

      const rotated = await keys().rotate(coffer.owner, org);
      expect(rotated.terms.map(({ number, state }) => [number, state])).toEqual([
        [2, "current"],
        [1, "retired"],
      ]);
      expect(await rewrapAll(org)).toMatchObject({ damaged: 0, left: false });

      const { terms, progress } = await keys().status(coffer.owner, org);
      const total = limits.resealRows + 20 + 2 + 1;
      expect(progress).toEqual({ total, done: total });
      expect(terms.map(({ number, versions }) => [number, versions])).toEqual([
        [2, total],
        [1, 0],
      ]);
      expect(terms[1]?.emptiedAt).not.toBeNull();
      const after = await Promise.all(names.map((name) => secrets().get(coffer.owner, org, store, { name })));
      expect(after).toEqual(
        before.map((secret) => ({ ...secret, lastReadAt: expect.toSatisfy(() => true) })),
      );
      expect(await reveal(org, "S0")).toBe("third");
      expect(await reveal(org, "S0", 1)).toBe("value 0");
      expect(await reveal(org, "S1")).toBe("value 1");
      await secrets().restore(coffer.owner, org, trashed.id, null);
      expect(await reveal(org, "GONE")).toBe("in the trash");
      expect(await intact()).toEqual([]);
    });

    test("whoever writes and reads meanwhile sees no error and no older value", async () => {
      const org = await anOrganization();
      const names = Array.from({ length: 12 }, (_, at) => `S${at}`);
      for (const name of names) await create(org, name, "0");
      let stop = false;
      let writes = 0;
      const working = names.map(async (name, at) => {
        for (let turn = 1; !stop; turn += 1) {
          const ref = { name };
          if (at % 3 === 0) {
            await secrets().update(coffer.owner, org, store, ref, { description: `${turn}` });
          } else {
            await secrets().update(coffer.owner, org, store, ref, { value: text(String(turn)) });
            expect(await reveal(org, name)).toBe(String(turn));
          }
          if (turn % 5 === 0) {
            await secrets().duplicate(coffer.owner, org, store, ref, { name: `${name}-${turn}` });
            if (at % 3 !== 0) await secrets().restoreVersion(coffer.owner, org, store, ref, turn);
          }
          writes += 1;
        }
      });
      for (let round = 0; round < 6; round += 1) {
        await keys().rotate(coffer.owner, org);
        await rewrapAll(org);
      }
      stop = true;
      await Promise.all(working);
      expect(writes).toBeGreaterThan(names.length);
      await rewrapAll(org);
      const { terms } = await keys().status(coffer.owner, org);
      expect(terms.filter(({ state, emptiedAt }) => state === "retired" && emptiedAt === null)).toEqual([]);
      for (const { number, state } of terms) {
        if (state === "retired") await keys().destroy(coffer.owner, org, number);
      }
      for (const name of names) expect(await reveal(org, name)).toBeDefined();
      expect(await intact()).toEqual([]);
    });

    test("a term is destroyed only when nothing lies under it, and its wrapped key is gone then", async () => {
      const org = await anOrganization();
      await create(org, "KEPT", "still here");
      await secrets().remove(coffer.owner, org, store, { name: "KEPT" }, { removal: "trash" });
      await create(org, "SEEN", "remembered");
      // Often enough to be remembered under the old term.
      for (let turn = 0; turn < 3; turn += 1) expect(await reveal(org, "SEEN")).toBe("remembered");
      expect(await refusal(keys().destroy(coffer.owner, org, 1))).toMatchObject({ code: "key.in_use" });
      expect(await refusal(keys().destroy(coffer.owner, org, 9))).toMatchObject({ code: "key.not_found" });
      const [old] = await coffer.node.context.database.point(readOrganizationKeys, {
        organizationId: org.id,
      });
      await keys().rotate(coffer.owner, org);
      const early = await refusal(keys().destroy(coffer.owner, org, 1)).catch(() => null);
      // The server moves values by itself; unless it was faster, the term still has them.
      if (early !== null) expect(early.code).toBe("key.in_use");
      await rewrapAll(org);
      await keys()
        .destroy(coffer.owner, org, 1)
        .catch(() => undefined);
      const [destroyed] = await coffer.node.context.database.point(readOrganizationKeys, {
        organizationId: org.id,
      });
      expect(destroyed).toMatchObject({ id: old?.id, state: "destroyed" });
      expect(destroyed?.wrapped).toHaveLength(0);
      expect(await refusal(keys().destroy(coffer.owner, org, 1))).toMatchObject({ code: "key.not_found" });
      expect(await reveal(org, "SEEN")).toBe("remembered");
      expect(await intact()).toEqual([]);
    });

    test("a value that was changed after a chunk was read stays as it was left", async () => {
      const org = await anOrganization();
      const { id } = await create(org, "RACED", "old");
      const { database: engine, keyring, clock } = coffer.node.context;
      await keys().rotate(coffer.owner, org);
      const input = { organizationId: org.id, after: null, limit: 10 };
      const { values } = await engine.scan(storedValues, input);
      const items = await Promise.all(
        values.map(async (stored) => {
          const address = { organizationId: org.id, ...stored };
          return { stored, value: await keyring.reseal(address, stored.sealed, address) };
        }),
      );
      await rewrapAll(org);
      const call = { caller: systemCaller("rotation"), at: clock.now(), organizationId: org.id };
      const moved = await engine.execute(resealValues, { ...call, items });
      expect(moved).toEqual({ moved: 0, left: false });
      await secrets().update(coffer.owner, org, store, { id }, { value: text("new") });
      expect(await engine.execute(resealValues, { ...call, items })).toEqual({ moved: 0, left: false });
      expect(await reveal(org, "RACED")).toBe("new");
      expect(await intact()).toEqual([]);
    });

    test("owners and admins rotate, auditors look, members do neither", async () => {
      const org = await anOrganization();
      const [admin, auditor, member] = [
        await joined(org, "admin"),
        await joined(org, "auditor"),
        await joined(org, "member"),
      ];
      await keys().rotate(admin, org);
      expect((await keys().status(auditor, org)).terms).toHaveLength(2);
      for (const [caller, work] of [
        [auditor, () => keys().rotate(auditor, org)],
        [auditor, () => keys().rewrap(auditor, org)],
        [auditor, () => keys().destroy(auditor, org, 1)],
        [member, () => keys().status(member, org)],
        [member, () => keys().rotate(member, org)],
      ] as const) {
        expect(await refusal(work()), caller.name).toMatchObject({ code: "caller.denied" });
      }
      expect(await refusal(keys().status(member, home))).toMatchObject({ code: "organization.not_found" });
    });

    test("a rotation that nobody carries on ends by itself", async () => {
      const org = await anOrganization();
      await create(org, "LEFT", "alone");
      await keys().rotate(coffer.owner, org);
      await expect
        .poll(async () => (await keys().status(coffer.owner, org)).terms[1]?.emptiedAt, { timeout: 10_000 })
        .not.toBeNull();
    });
  });
}
