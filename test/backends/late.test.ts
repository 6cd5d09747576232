// The crash-point table of values that lie in another backend: what is applied when all was undone already
// (C2L, U2L). Nothing in the tables tells of it; only a sweep finds it.
import { expect, test } from "vitest";
import { held } from "./fault-proxy.ts";
import type { Rig } from "./rig.ts";
import { bystander, rows } from "./row.ts";

let rig: Rig;
let name: string;
rows(
  {},
  {
    once: bystander,
    each: (row) => {
      ({ rig, name } = row);
    },
  },
);

/** The server is gone while the remote has the request and has not come to it. */
async function crash(act: () => Promise<number | null>): Promise<() => Promise<void>> {
  const late = held();
  const planted = rig.proxy.plant(rig.doing("write"), late.fault, 1);
  void planted.met.then(() => rig.kill());
  expect(await act()).toBeNull();
  rig.proxy.clear();
  await rig.start();
  return late.letGo;
}

/** How many versions can be read there, of all secrets. */
async function versionsHeld(): Promise<number> {
  const objects = await rig.objects();
  return objects.flatMap(({ versions }) => versions.filter(({ stored }) => stored !== null)).length;
}

test("C2L a creation is applied when all was undone: never visible, and the sweep finds it", async () => {
  const letGo = await crash(() => rig.create(name, `value-of-${name}`));
  expect(await rig.findings()).toEqual([]);
  const before = await versionsHeld();
  await letGo();
  expect(await versionsHeld()).toBe(before + (rig.remote.makesAnew ? 1 : 0));
  expect(await rig.read(name)).toBeNull();
  expect(await rig.listed()).not.toContain(name);
  expect(await rig.findings()).toEqual([]);
});

test("U2L an update is applied when all was undone: the sweep finds it, the old value stays", async () => {
  expect(await rig.create(name, `value-of-${name}`)).toBe(201);
  const letGo = await crash(() => rig.update(name, `value-of-${name}-2`));
  expect(await rig.findings()).toEqual([]);
  const before = await versionsHeld();
  await letGo();
  expect(await versionsHeld()).toBe(before + 1);
  expect(await rig.read(name)).toBe(`value-of-${name}`);
  expect((await rig.metadata(name))?.body).toMatchObject({ version: 1, updatedAt: null });
  expect(await rig.findings()).toEqual([]);
  expect(await rig.update(name, `value-of-${name}-3`)).toBe(200);
  expect(await rig.findings()).toEqual([]);
});
