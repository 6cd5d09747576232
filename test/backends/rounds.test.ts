// A few of the rounds that `npm run crash:backends` goes through by the hundred.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { seeded } from "../crash/random.ts";
import type { Remote } from "./remote.ts";
import { startRemote } from "./remotes.ts";
import { Rig } from "./rig.ts";
import { round } from "./rounds.ts";

vi.setConfig({ testTimeout: 60_000 });

const seed = process.env.COFFER_TEST_SEED ?? String(Date.now());

let remote: Remote;
let rig: Rig;

beforeAll(async () => {
  remote = await startRemote();
  rig = await Rig.open({ remote });
});

afterAll(async () => {
  await rig?.close();
  await remote?.stop();
});

test.each([1, 2])(`random round %i (COFFER_TEST_SEED=${seed})`, async (number) => {
  const { told, findings } = await round(rig, number, seeded(`${seed}#${number}`));
  expect(findings, told.join(", ")).toEqual([]);
});
