// What rows of the crash-point table have in common: one server over one remote for a file of them, a name
// of its own for each, a process that ends while somebody is at it, a secret that nobody sees.
import { afterAll, beforeAll, beforeEach, expect, vi } from "vitest";
import type { Remote } from "./remote.ts";
import { startRemote } from "./remotes.ts";
import { Rig, type RigOptions } from "./rig.ts";

export interface Row {
  readonly remote: Remote;
  readonly rig: Rig;
  readonly name: string;
}

/** No sweep comes to a row's help. */
export const noSweeps = { reconciler: { sweepPeriodSeconds: 3_600 } } as const;

interface Around {
  readonly once?: (rig: Rig) => Promise<void>;
  readonly each: (row: Row) => Promise<void> | void;
}

/** `each` comes before every row. */
export function rows(options: Pick<RigOptions, "reconciler">, { once, each }: Around): void {
  // A row waits for leases to end and for sweeps to come, twice at most.
  vi.setConfig({ testTimeout: 60_000 });
  let remote: Remote;
  let rig: Rig;
  let count = 0;

  beforeAll(async () => {
    remote = await startRemote();
    rig = await Rig.open({ remote, ...options });
    await once?.(rig);
  });

  afterAll(async () => {
    await rig?.close();
    await remote?.stop();
  });

  beforeEach(async () => {
    await rig.afresh();
    count += 1;
    await each({ remote, rig, name: `row-${count}` });
  });
}

/** Whose values no row may touch. */
export async function bystander(rig: Rig): Promise<void> {
  await rig.create("bystander", "value-of-the-bystander");
  expect(await rig.objects()).toHaveLength(1);
}

/** The server is gone in the middle of it, and is started again. */
export async function crashed(rig: Rig, setUp: () => void, act: () => Promise<number | null>): Promise<void> {
  setUp();
  expect(await act()).toBeNull();
  await rig.ended();
  rig.proxy.clear();
  await rig.start();
}

export async function expectAbsent(rig: Rig, name: string): Promise<void> {
  expect(await rig.read(name)).toBeNull();
  expect((await rig.metadata(name))?.status).toBe(404);
  expect(await rig.listed()).not.toContain(name);
}
