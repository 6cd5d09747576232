// Of the crash-point table what looks different on PostgreSQL: there the connection can be lost, leases go
// by the database's clock, and another server takes over what one leaves.
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { killBackend } from "../crash/tables.ts";
import { sharedPostgres, stopSharedPostgres } from "../support/postgres.ts";
import { have } from "../support/requirements.ts";
import { between, first } from "./fault-proxy.ts";
import type { Remote } from "./remote.ts";
import { startRemote } from "./remotes.ts";
import { Rig, until } from "./rig.ts";

// A row waits for leases to end and for sweeps to come, twice at most.
vi.setConfig({ testTimeout: 60_000 });

describe.runIf(have("postgresql"))("on PostgreSQL", () => {
  let remote: Remote;
  let database: string;
  let rig: Rig;
  let other: Rig;
  let name: string;
  let count = 0;

  beforeAll(async () => {
    remote = await startRemote();
    database = await (await sharedPostgres()).database();
    rig = await Rig.open({ remote, database });
    other = await Rig.beside(rig);
  });

  afterAll(async () => {
    await rig?.close();
    await other?.close();
    await remote?.stop();
    await stopSharedPostgres();
  });

  beforeEach(() => {
    count += 1;
    name = `row-${count}`;
  });

  const value = () => `value-of-${name}`;
  const writes = () => rig.doing("write");

  test("C2A the process ends with the request applied: the other server undoes it", async () => {
    rig.proxy.plant(
      writes(),
      between(() => rig.kill()),
    );
    expect(await rig.create(name, value())).toBeNull();
    rig.proxy.clear();
    expect(await other.findings()).toEqual([]);
    expect(await other.create(name, `${value()}-again`)).toBe(201);
    await rig.start();
    expect(await rig.findings()).toEqual([]);
  });

  test("C5 the connection is lost while the value is on its way: one state or the other", async () => {
    rig.proxy.plant(
      writes(),
      between(() => killBackend(database)),
      1,
    );
    expect([201, 503]).toContain(await rig.create(name, value()));
    await until(async () => typeof (await rig.read(name)) !== "number", "the server does not recover");
    expect(await rig.findings()).toEqual([]);
  });

  test("U6 the lease ends while the process stands still: another takes over", async () => {
    expect(await rig.create(name, value())).toBe(201);
    rig.proxy.plant(
      writes(),
      between(() => rig.pause()),
      1,
    );
    const sent = rig.update(name, `${value()}-lost`);
    await rig.paused();
    await until(async () => {
      const { versions } = await other.rows();
      return !versions.some(({ state }) => state === "pending");
    }, "nobody takes over");
    expect(await other.read(name)).toBe(value());
    expect(await other.update(name, `${value()}-2`)).toBe(200);
    await rig.goOn();
    expect(await sent).toBe(503);
    expect(await other.read(name)).toBe(`${value()}-2`);
    expect(await other.findings()).toEqual([]);
  });

  test("G2 two reconcilers, one of which stood still: no live version goes", async () => {
    expect(await rig.create(name, value())).toBe(201);
    await other.server.stop();
    rig.proxy.plant(
      writes(),
      between(() => rig.kill()),
      1,
    );
    expect(await rig.update(name, `${value()}-lost`)).toBeNull();
    const destroying = rig.proxy.plant(
      rig.doing("destroy"),
      first(() => rig.pause()),
      1,
    );
    await rig.start();
    await destroying.met;
    await rig.paused();
    await other.start();
    await until(async () => (await other.rows()).owed.length === 0, "nobody takes over");
    expect(await other.update(name, `${value()}-2`)).toBe(200);
    await rig.goOn();
    expect(await rig.findings()).toEqual([]);
    expect(await rig.read(name)).toBe(`${value()}-2`);
  });
});
