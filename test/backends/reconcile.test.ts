// The crash-point table of values that lie in another backend: the reconciler (G1, G3), a backend that is
// down or behind (E1, E2), and what others do to it or to the database (B1 to B3). Two reconcilers (G2) need
// two servers on one database, and stand with PostgreSQL.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { answers, between, dropBefore, type Fault, first, passOn } from "./fault-proxy.ts";
import type { Doing, Remote } from "./remote.ts";
import { Rig, until } from "./rig.ts";
import { bystander, rows } from "./row.ts";

let remote: Remote;
let rig: Rig;
let name: string;
rows(
  {},
  {
    once: bystander,
    each: (row) => {
      ({ remote, rig, name } = row);
    },
  },
);

const value = () => `value-of-${name}`;

describe("G1 the reconciler dies", () => {
  /** A creation and an update that are to be undone, and a deletion that is owed. */
  async function leaveWork(): Promise<void> {
    const [updated, removed] = [`${name}-updated`, `${name}-removed`];
    for (const one of [updated, removed]) expect(await rig.create(one, `value-of-${one}`)).toBe(201);
    const stays = rig.proxy.plant(rig.doing("delete"), dropBefore);
    expect(await rig.remove(removed)).toBe(503);
    const second = rig.proxy.plant(
      rig.doing("write"),
      async (exchange) => {
        await exchange.apply();
        if (second.count() === 2) await rig.kill();
      },
      2,
    );
    const both = [rig.create(name, value()), rig.update(updated, "value-that-is-undone")];
    expect(await Promise.all(both)).toEqual([null, null]);
    stays.remove();
    rig.proxy.clear();
  }

  const moments: readonly [string, Doing, (kill: () => Promise<void>) => Fault][] = [
    ["before a version is destroyed", "destroy", (kill) => first(kill, dropBefore)],
    ["when a version is destroyed", "destroy", (kill) => between(kill)],
    ["before an object is deleted", "delete", (kill) => first(kill, dropBefore)],
    ["when an object is deleted", "delete", (kill) => between(kill)],
    ["in the middle of a sweep", "list", (kill) => between(kill)],
  ];

  test.each(moments)("%s: the next one goes on", async (_, doing, fault) => {
    await leaveWork();
    const planted = rig.proxy.plant(
      rig.doing(doing),
      fault(() => rig.kill()),
      1,
    );
    await rig.start();
    await planted.met;
    await rig.ended();
    await rig.start();
    expect(await rig.findings()).toEqual([]);
    expect(await rig.read(`${name}-updated`)).toBe(`value-of-${name}-updated`);
  });
});

test("G3 sweeps meet a write in progress: it is never taken for an orphan", async () => {
  const busy = await Rig.open({
    remote,
    reconciler: { periodSeconds: 0.1, leaseSeconds: 20, sweepPeriodSeconds: 0.1, orphanAgeSeconds: 60 },
    patience: { attemptTimeoutSeconds: 10, operationTimeoutSeconds: 15 },
  });
  onTestFinished(() => busy.close());
  const sweeps = busy.proxy.plant(busy.doing("list"), passOn);
  // The first only looks, the second sees it for the first time, and the third would remove it.
  const someSweeps = async () => {
    const before = sweeps.count();
    await until(() => sweeps.count() > before + 3, "no sweep comes");
  };
  await someSweeps();
  busy.proxy.plant(busy.doing("write"), between(someSweeps), 2);
  expect(await busy.create(name, value())).toBe(201);
  expect(await busy.update(name, `${value()}-2`)).toBe(200);
  await someSweeps();
  expect(await busy.findings()).toEqual([]);
});

test("B1 the database is an older one again: its values are there, nothing newer goes", async () => {
  const restored = await Rig.open({ remote });
  onTestFinished(() => restored.close());
  const { place } = restored;
  const [replaced, newer] = [`${name}-replaced`, `${name}-newer`];
  const told = async () => (await restored.send("GET", "/v1/backends"))?.body.items[0];
  const swept = async () => {
    // Null before the first one.
    const { sweptAt } = await told();
    await until(async () => (await told()).sweptAt !== sweptAt, "no sweep comes");
  };
  expect(await restored.create(replaced, value())).toBe(201);
  await swept();
  await restored.server.stop();
  const backup = join(place.out, "backup");
  cpSync(place.data, backup, { recursive: true });
  await restored.start();
  expect(await restored.update(replaced, `${value()}-2`)).toBe(200);
  expect(await restored.create(newer, value())).toBe(201);
  await swept();
  await restored.server.stop();
  const there = await restored.objects();
  rmSync(place.data, { recursive: true });
  cpSync(backup, place.data, { recursive: true });
  await restored.start();

  await until(async () => (await told()).guarded, "nobody notices that it is an older database");
  expect(await restored.read(replaced)).toBe(value());
  expect(await restored.read(newer)).toBeNull();
  // Longer than an orphan has to be old, and several sweeps.
  await until(async () => (await told()).report.orphans === 2, "what is newer is not reported");
  for (let sweeps = 0; sweeps < 3; sweeps += 1) await swept();
  expect(await restored.objects()).toEqual(there);
  expect(restored.logged(/has seen a newer database/)).not.toEqual([]);

  // It is the one that counts now: what it does not know goes, and what it knows stays.
  restored.ledger.isRestored(replaced, value());
  restored.ledger.isRestored(newer, null);
  expect((await restored.send("POST", "/v1/backends/remote/resume"))?.status).toBeLessThan(300);
  expect(await restored.findings()).toEqual([]);
  expect((await told()).guarded).toBe(false);
});

test("B2 an object is deleted by hand: its value fails loudly, its metadata stay", async () => {
  expect(await rig.create(name, value())).toBe(201);
  const { secrets, installation } = await rig.rows();
  const id = secrets.find((row) => row.name === name)?.id;
  await remote.remove(installation, String(id));
  // A value that young may only not have been heard of yet; it is asked for again, and then given up.
  await until(async () => Number(await rig.read(name)) >= 500, "a value that is gone is not said to be");
  expect((await rig.metadata(name))?.body).toMatchObject({ name, version: 1 });
  expect(await rig.listed()).toContain(name);
  const audited = await rig.send("GET", "/v1/organizations/default/audit?outcome=failed&limit=100");
  expect(JSON.stringify(audited?.body)).toContain(String(id));
  // It can be written anew, and then it is well again.
  expect(await rig.update(name, `${value()}-again`)).toBe(200);
  expect(await rig.read(name)).toBe(`${value()}-again`);
  expect(await rig.remove(name)).toBe(204);
  expect(await rig.findings()).toEqual([]);
});

test("B3 two installations share a backend: neither touches what is the other's", async () => {
  const other = await Rig.open({ remote });
  try {
    expect(await rig.create(name, value())).toBe(201);
    expect(await other.create(name, `${value()}-other`)).toBe(201);
    const sweeps = [rig, other].map((one) => one.proxy.plant(one.doing("list"), passOn));
    await until(() => sweeps.every((sweep) => sweep.count() >= 4), "no sweep comes");
    expect(await rig.remove(name)).toBe(204);
    expect(await rig.findings()).toEqual([]);
    expect(await other.read(name)).toBe(`${value()}-other`);
    expect(await other.findings()).toEqual([]);
  } finally {
    rig.proxy.clear();
    await other.close();
  }
});

test("E1 the backend does not know yet what was just written: it is asked again", async () => {
  expect(await rig.create(name, value())).toBe(201);
  const stale = rig.proxy.plant(rig.doing("read"), answers(remote.notFound), 2);
  expect(await rig.read(name)).toBe(value());
  expect(stale.count()).toBe(2);
  expect(await rig.findings()).toEqual([]);
});

describe("E2 the backend is down", () => {
  test("values give 503, metadata answer, nothing grows, and all is well when it returns", async () => {
    expect(await rig.create(name, value())).toBe(201);
    const before = await rig.rows();
    rig.proxy.plant(() => true, dropBefore);
    expect(await rig.read(name)).toBe(503);
    expect((await rig.metadata(name))?.status).toBe(200);
    expect(await rig.listed()).toContain(name);
    for (let tries = 1; tries <= 5; tries += 1) {
      expect(await rig.create(`${name}-${tries}`, `${value()}-${tries}`)).toBe(503);
    }
    expect(await rig.update(name, `${value()}-lost`)).toBe(503);
    rig.proxy.clear();
    expect(await rig.findings()).toEqual([]);
    expect(await rig.read(name)).toBe(value());
    expect(await rig.create(`${name}-1`, `${value()}-at-last`)).toBe(201);
    const after = await rig.rows();
    const live = ({ secrets }: typeof before) => secrets.filter(({ state }) => state === "active").length;
    expect(live(after)).toBe(live(before) + 1);
    expect(await rig.findings()).toEqual([]);
  });

  test.each([503, 429, 500])("answering %i to everything: the same", async (status) => {
    expect(await rig.create(name, value())).toBe(201);
    rig.proxy.plant(() => true, answers(remote.refusal(status)));
    expect(await rig.read(name)).toBe(503);
    expect((await rig.metadata(name))?.status).toBe(200);
    expect(await rig.update(name, `${value()}-lost`)).toBe(503);
    expect(await rig.remove(name)).toBe(503);
    expect(await rig.read(name)).toBeNull();
    rig.proxy.clear();
    expect(await rig.findings()).toEqual([]);
  });

  test("cutting every answer short: the same", async () => {
    expect(await rig.create(name, value())).toBe(201);
    rig.proxy.plant(
      () => true,
      async (exchange) => exchange.truncate(await exchange.apply()),
    );
    expect(await rig.read(name)).toBe(503);
    expect(await rig.update(name, `${value()}-lost`)).toBe(503);
    rig.proxy.clear();
    expect(await rig.findings()).toEqual([]);
    expect(await rig.read(name)).toBe(value());
  });
});
