// The crash-point table of values that lie in another backend: deleting for good (D1 to
// D7), without the help of sweeps.
import { describe, expect, test } from "vitest";
import { answers, between, dropBefore, first, held } from "./fault-proxy.ts";
import type { Rig } from "./rig.ts";
import { crashed, expectAbsent, noSweeps, rows } from "./row.ts";

let rig: Rig;
let name: string;
rows(noSweeps, {
  each: async (row) => {
    ({ rig, name } = row);
    expect(await rig.create(name, value())).toBe(201);
    expect(await rig.update(name, `${value()}-2`)).toBe(200);
  },
});

const value = () => `value-of-${name}`;
const deletes = () => rig.doing("delete");

const crash = (setUp: () => void) => crashed(rig, setUp, () => rig.remove(name));

const absent = () => expectAbsent(rig, name);

async function gone(): Promise<void> {
  await absent();
  expect(await rig.findings()).toEqual([]);
  await absent();
  expect(await rig.remove(name)).toBe(404);
}

describe("the process ends", () => {
  test("before anything is committed: nothing has happened", async () => {
    await crash(() => rig.arm("secret.remove.before-commit"));
    expect(await rig.read(name)).toBe(`${value()}-2`);
    expect(await rig.findings()).toEqual([]);
  });

  test("D1 before the remote hears of it: gone at once, the name is free", async () => {
    await crash(() => rig.arm("secret.remove.after-intent"));
    await absent();
    expect(await rig.create(name, `${value()}-again`)).toBe(201);
    expect(await rig.findings()).toEqual([]);
  });

  test("D2N with the request on its way, not applied", async () => {
    await crash(() =>
      rig.proxy.plant(
        deletes(),
        first(() => rig.kill(), dropBefore),
      ),
    );
    await gone();
  });

  test("D2A with the request applied, and no answer", async () => {
    await crash(() =>
      rig.proxy.plant(
        deletes(),
        between(() => rig.kill()),
      ),
    );
    await gone();
  });

  test("D3 when the remote has nothing left", async () => {
    await crash(() => rig.arm("secret.remove.after-remote"));
    await gone();
  });

  test("D3 the same, in the transaction that ends it", async () => {
    await crash(() => rig.arm("backend.paid.before-commit"));
    await gone();
  });

  test("D4 when all is done, and nobody was told", async () => {
    await crash(() => rig.arm("backend.paid.after-commit"));
    expect((await rig.rows()).secrets.filter((row) => row.name === name)).toEqual([]);
    await gone();
  });

  test("D7 and again when its name is created anew: only the old object goes", async () => {
    await crash(() => rig.arm("secret.remove.after-intent"));
    rig.arm("secret.create.after-commit");
    expect(await rig.create(name, `${value()}-new`)).toBeNull();
    await rig.ended();
    await rig.start();
    expect(await rig.read(name)).toBe(`${value()}-new`);
    expect(await rig.findings()).toEqual([]);
    expect(await rig.read(name)).toBe(`${value()}-new`);
  });

  test("D7 the same, with a creation that is undone", async () => {
    await crash(() => rig.arm("secret.remove.after-intent"));
    rig.arm("secret.create.after-remote");
    expect(await rig.create(name, `${value()}-new`)).toBeNull();
    await rig.ended();
    await rig.start();
    await gone();
  });
});

test("D5 the remote refuses for a while: gone, shown as deleting, and done in the end", async () => {
  const planted = rig.proxy.plant(
    (exchange) => rig.remote.doing(exchange) !== "read",
    answers(rig.remote.refusal(503)),
  );
  expect(await rig.remove(name)).toBe(503);
  await absent();
  const trash = await rig.send("GET", "/v1/organizations/default/trash?status=deleting&limit=1000");
  const shown = trash?.body.items.find((item: { name: string }) => item.name === name);
  expect(shown?.status).toBe("deleting");
  const restored = await rig.send("POST", `/v1/organizations/default/trash/${shown?.id}/restore`, {});
  expect(restored?.status).toBeGreaterThanOrEqual(400);
  const tries = planted.count();
  await expect.poll(() => planted.count(), { timeout: 20_000 }).toBeGreaterThan(tries);
  await absent();
  rig.proxy.clear();
  await gone();
});

describe("D6 while an update is under way", () => {
  test("the update is refused, and both versions go", async () => {
    const late = held();
    const planted = rig.proxy.plant(rig.doing("write"), late.fault, 1);
    const updating = rig.asks("update", name, `${value()}-3`);
    await planted.met;
    const removing = rig.asks("remove", name);
    expect((await removing).status).toBe(204);
    await late.letGo();
    await rig.together(name, updating, removing);
    expect([404, 409, 503]).toContain((await updating).status);
    await gone();
  });

  test("and the process ends, with the update applied after all", async () => {
    const late = held();
    const planted = rig.proxy.plant(rig.doing("write"), late.fault, 1);
    const updating = rig.asks("update", name, `${value()}-3`);
    await planted.met;
    rig.arm("secret.remove.after-remote");
    const removing = rig.asks("remove", name);
    await rig.together(name, updating, removing);
    await rig.ended();
    rig.proxy.clear();
    await rig.start();
    await late.letGo();
    await gone();
  });
});
