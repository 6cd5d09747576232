// The crash-point table of values that lie in another backend: creating (C0 to C5). Each row ends or breaks
// the server at its point, starts it again, and looks: at what is visible at once, and at what has become of
// it when all is quiet. No sweep comes to its help; what only a sweep can find (C2L) stands with the late
// ones.
import { describe, expect, test } from "vitest";
import { between, dropBefore, first } from "./fault-proxy.ts";
import { type Rig, until } from "./rig.ts";
import { bystander, crashed, expectAbsent, noSweeps, rows } from "./row.ts";

let rig: Rig;
let name: string;
rows(noSweeps, {
  once: bystander,
  each: (row) => {
    ({ rig, name } = row);
  },
});

const value = () => `value-of-${name}`;

/** The server is gone in the middle of the creation. */
const crash = (setUp: () => void) => crashed(rig, setUp, () => rig.create(name, value()));

const absent = () => expectAbsent(rig, name);

/** As long as somebody may still be at it the name is refused, for a client to come again. */
async function freeAgain(): Promise<void> {
  await until(async () => {
    const status = await rig.create(name, `${value()}-again`);
    const creating = (await rig.rows()).secrets.filter(
      (row) => row.name === name && row.state === "creating",
    );
    expect(status).toBe(creating.length === 0 && status !== 409 ? 201 : 409);
    return status === 201;
  }, "the name is blocked");
}

async function undone(): Promise<void> {
  await absent();
  expect(await rig.findings()).toEqual([]);
  await absent();
  await freeAgain();
  expect(await rig.findings()).toEqual([]);
}

const writes = () => rig.doing("write");

describe("the process ends", () => {
  test("C0 before the intent is committed: nothing anywhere, and the name is free", async () => {
    await crash(() => rig.arm("secret.create.intent.before-commit"));
    await absent();
    expect((await rig.rows()).versions.filter(({ state }) => state === "pending")).toEqual([]);
    expect(await rig.create(name, value())).toBe(201);
    expect(await rig.findings()).toEqual([]);
  });

  test("C1 after the intent: undone, and the name is free after the lease", async () => {
    await crash(() => rig.arm("secret.create.after-intent"));
    await freeAgain();
    expect(await rig.findings()).toEqual([]);
  });

  test("C1 the same, with nobody who asks for the name", async () => {
    await crash(() => rig.arm("secret.create.after-intent"));
    await undone();
  });

  test("C2N, C6 with the value on its way, not applied: the object that was made for it goes", async () => {
    await crash(() =>
      rig.proxy.plant(
        writes(),
        first(() => rig.kill(), dropBefore),
      ),
    );
    await undone();
  });

  test("C2A with the request applied, and no answer", async () => {
    await crash(() =>
      rig.proxy.plant(
        writes(),
        between(() => rig.kill()),
      ),
    );
    await undone();
  });

  test("C3 with the value in the remote, before it is made visible", async () => {
    await crash(() => rig.arm("secret.create.after-remote"));
    await undone();
  });

  test("C3 the same, in the transaction that makes it visible", async () => {
    await crash(() => rig.arm("secret.create.before-commit"));
    await undone();
  });

  test("C4 when it is visible, and nobody was told: it stays", async () => {
    await crash(() => rig.arm("secret.create.after-commit"));
    expect(await rig.read(name)).toBe(value());
    expect(await rig.create(name, `${value()}-again`)).toBe(409);
    expect(await rig.findings()).toEqual([]);
  });
});

test("C5 with the outcome of the commit unknown: one or the other, no mixture", async () => {
  rig.arm("secret.create.after-commit", "throw");
  expect(await rig.create(name, value())).toBe(503);
  expect(await rig.read(name)).toBe(value());
  expect(await rig.findings()).toEqual([]);
  const other = `${name}-b`;
  rig.arm("secret.create.before-commit", "throw");
  expect(await rig.create(other, value())).toBeGreaterThanOrEqual(500);
  expect(await rig.read(other)).toBeNull();
  expect(await rig.findings()).toEqual([]);
  expect(await rig.create(other, `${value()}-again`)).toBe(201);
});
