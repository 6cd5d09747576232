// The crash-point table of values that lie in another backend: updating (U1 to U6), without
// the help of sweeps; what only a sweep can find (U2L) stands with the late ones.
import { describe, expect, onTestFinished, test } from "vitest";
import { between, dropBefore, first, held } from "./fault-proxy.ts";
import { Rig, until } from "./rig.ts";
import { crashed, noSweeps, rows } from "./row.ts";

let rig: Rig;
let name: string;
rows(noSweeps, {
  each: async (row) => {
    ({ rig, name } = row);
    expect(await rig.create(name, old())).toBe(201);
  },
});

const old = () => `old-value-of-${name}`;
const fresh = () => `new-value-of-${name}`;
const writes = () => rig.doing("write");

const crash = (setUp: () => void) => crashed(rig, setUp, () => rig.update(name, fresh()));

async function asBefore(): Promise<void> {
  expect(await rig.read(name)).toBe(old());
  expect((await rig.metadata(name))?.body).toMatchObject({ version: 1, updatedAt: null, updatedBy: null });
}

async function undone(): Promise<void> {
  await asBefore();
  expect(await rig.findings()).toEqual([]);
  await asBefore();
  expect(await rig.update(name, `${fresh()}-again`)).toBe(200);
  expect(await rig.read(name)).toBe(`${fresh()}-again`);
  expect(await rig.findings()).toEqual([]);
}

async function versionsThere(): Promise<number> {
  const { secrets } = await rig.rows();
  const id = String(secrets.find((row) => row.name === name)?.id);
  const object = (await rig.objects()).find(({ secretId }) => secretId === id);
  return object?.versions.filter(({ stored }) => stored !== null).length ?? 0;
}

describe("the process ends", () => {
  test("U1 after the intent: the old value and the old metadata", async () => {
    await crash(() => rig.arm("secret.update.after-intent"));
    await undone();
  });

  test("U2N with the request on its way, not applied", async () => {
    await crash(() =>
      rig.proxy.plant(
        writes(),
        first(() => rig.kill(), dropBefore),
      ),
    );
    await undone();
  });

  test("U2A with the request applied, and no answer: the new version is destroyed", async () => {
    await crash(() =>
      rig.proxy.plant(
        writes(),
        between(() => rig.kill()),
      ),
    );
    expect(await versionsThere()).toBe(2);
    await undone();
  });

  test("U3 with the value in the remote, before it is made visible", async () => {
    await crash(() => rig.arm("secret.update.after-remote"));
    await undone();
  });

  test("U4 when it is visible, and nobody was told: it stays, and the old one is kept", async () => {
    await crash(() => rig.arm("secret.update.after-commit"));
    expect(await rig.read(name)).toBe(fresh());
    expect((await rig.metadata(name))?.body.updatedAt).not.toBeNull();
    expect(await rig.findings()).toEqual([]);
    expect(await versionsThere()).toBe(2);
  });
});

describe("U5 two updates", () => {
  test("of which one dies: the other one's value", async () => {
    const planted = rig.proxy.plant(writes(), dropBefore, 1);
    const dies = rig.asks("update", name, fresh());
    await planted.met;
    const lives = rig.asks("update", name, `${fresh()}-lives`);
    // A drop before anything was applied may be tried again: then both live, and the order is theirs.
    await rig.together(name, dies, lives);
    expect((await lives).status).toBe(200);
    expect(await rig.findings()).toEqual([]);
  });

  test("of which the first ends last: both succeed, and the one with the higher number stands", async () => {
    const late = held();
    const planted = rig.proxy.plant(writes(), late.fault, 1);
    const slow = rig.asks("update", name, `${fresh()}-slow`);
    await planted.met;
    const quick = rig.asks("update", name, `${fresh()}-quick`);
    expect((await quick).status).toBe(200);
    await late.letGo();
    expect(await rig.together(name, slow, quick)).toEqual([200, 200]);
    const versions = [(await slow).version, (await quick).version];
    expect(versions.toSorted()).toEqual([2, 3]);
    expect(rig.ledger.standings(name).size).toBe(1);
    expect(await rig.findings()).toEqual([]);
  });

  test("each with a value and a description: the pair comes from one of them", async () => {
    const { secrets } = await rig.rows();
    const { id, store_id: store, organization_id: account } = secrets.find((row) => row.name === name) ?? {};
    const wireId = (uuid: unknown) => String(uuid).replaceAll("-", "");
    const place = `/client/v4/accounts/${wireId(account)}/secrets_store/stores/${wireId(store)}`;
    const path = `${place}/secrets/${wireId(id)}`;
    const patch = (text: string) => rig.send("PATCH", path, { value: rig.valueOf(text), comment: text });
    const late = held();
    const planted = rig.proxy.plant(writes(), late.fault, 1);
    const slow = patch(`${fresh()}-slow`);
    await planted.met;
    const quick = await patch(`${fresh()}-quick`);
    await late.letGo();
    const statuses = [(await slow)?.status, quick?.status];
    expect(statuses).toContain(200);
    const read = await rig.read(name);
    expect([`${fresh()}-slow`, `${fresh()}-quick`]).toContain(read);
    expect((await rig.metadata(name))?.body.description).toBe(read);
    rig.ledger.happened(name, [{ what: "update", value: String(read), status: 200, version: null }]);
    expect(await rig.findings()).toEqual([]);
  });

  test("both under way when the process ends", async () => {
    const late = held(dropBefore);
    const planted = rig.proxy.plant(writes(), late.fault, 2);
    const both = [rig.asks("update", name, `${fresh()}-a`), rig.asks("update", name, `${fresh()}-b`)];
    await until(() => planted.count() === 2, "the second update waits for the first");
    await rig.kill();
    await rig.together(name, ...both);
    rig.proxy.clear();
    await rig.start();
    await undone();
  });
});

test("U6 the lease ends while the process stands still: no success, and its version goes", async () => {
  rig.proxy.plant(
    writes(),
    between(() => rig.pause()),
    1,
  );
  const sent = rig.update(name, fresh());
  await rig.paused();
  const { versions } = await rig.rows();
  const pending = versions.find(({ state }) => state === "pending");
  await until(() => Date.now() > Number(pending?.lease_until), "the lease does not end");
  await rig.goOn();
  expect(await sent).toBe(503);
  expect(await versionsThere()).toBeGreaterThanOrEqual(1);
  await undone();
});

test("U6 the same, and nobody has taken over yet: the lease itself tells", async () => {
  const idle = await Rig.open({ remote: rig.remote, reconciler: { periodSeconds: 3_600 } });
  onTestFinished(() => idle.close());
  expect(await idle.create(name, old())).toBe(201);
  const pause = between(() => idle.pause());
  idle.proxy.plant(idle.doing("write"), pause, 1);
  const sent = idle.update(name, fresh());
  await idle.paused();
  const pending = (await idle.rows()).versions.find(({ state }) => state === "pending");
  await until(() => Date.now() > Number(pending?.lease_until), "the lease does not end");
  await idle.goOn();
  expect(await sent).toBe(503);
  expect(await idle.read(name)).toBe(old());
});
