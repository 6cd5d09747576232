import { expect, test } from "vitest";
import { unauthenticated } from "../access.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Command, Database } from "../ports.ts";
import type { AuditEntry } from "./entry.ts";
import { refusals } from "./refusals.ts";

const minuteMs = 60_000;

/** Keeps what is to be written, or fails as a database does. */
function trail() {
  const entries: AuditEntry[] = [];
  const state: { fails: CofferError | null } = { fails: null };
  const database: Pick<Database, "share"> = {
    async share<I, O>(_: Command<I, O>, input: I): Promise<O> {
      if (state.fails !== null) throw state.fails;
      if (Array.isArray(input)) entries.push(...input);
      return null as O;
    },
  };
  const total = () =>
    entries.reduce((sum, { details }) => sum + (typeof details?.count === "number" ? details.count : 0), 0);
  return { database, entries, state, total };
}

function heldClock() {
  const clock = { at: 0, now: () => clock.at };
  return clock;
}

test("what could not be written comes with the next time, and nothing twice", async () => {
  const clock = heldClock();
  const counted = refusals(clock);
  const { database, entries, state, total } = trail();
  for (let block = 0; block < 600; block += 1) {
    counted.unauthenticated(unauthenticated("missing"), `10.${block >> 8}.${block & 255}.1`);
  }
  clock.at += minuteMs;
  state.fails = new CofferError("storage.unavailable", "not now");
  await expect(counted.write(database, "over")).rejects.toThrow("not now");
  expect(entries).toEqual([]);
  state.fails = null;
  counted.unauthenticated(unauthenticated("missing"), "10.0.0.1");
  clock.at += minuteMs;
  await counted.write(database, "over");
  expect(entries.length).toBe(600);
  expect(total()).toBe(601);
  await counted.write(database, "all");
  expect(total()).toBe(601);
});

test("what may have been written already is not written again", async () => {
  const clock = heldClock();
  const counted = refusals(clock);
  const { database, state, total } = trail();
  counted.unauthenticated(unauthenticated("missing"), null);
  state.fails = new CofferError("storage.outcome_unknown", "perhaps");
  await expect(counted.write(database, "all")).rejects.toThrow("perhaps");
  state.fails = null;
  await counted.write(database, "all");
  expect(total()).toBe(0);
});

test("writing twice at once writes everything once, and waits for all of it", async () => {
  const counted = refusals(heldClock());
  const { database, total } = trail();
  counted.unauthenticated(unauthenticated("missing"), null);
  const first = counted.write(database, "all");
  await counted.write(database, "all");
  expect(total()).toBe(1);
  await first;
});

test("the credentials whose refusals are watched are bounded, and begin anew each minute", () => {
  const clock = heldClock();
  const counted = refusals(clock);
  const refusal = (tokenId: string | null): AuditEntry => ({
    at: 0,
    organizationId: "o",
    caller: { kind: "person", id: "p", name: "P", tokenId },
    dialect: "native",
    action: "secret.reveal",
    target: { kind: "secret", id: null, name: null, storeId: null },
    outcome: "refused",
    because: "no",
    details: null,
    address: null,
    requestId: null,
  });
  const many = new Array<AuditEntry>(limits.refusalsPerMinute + 5).fill(refusal("t"));
  expect(counted.spent("t")).toBe(false);
  expect(counted.bound(many).length).toBe(limits.refusalsPerMinute);
  expect(counted.spent("t")).toBe(true);
  expect(counted.spent("u")).toBe(false);
  expect(counted.spent(null)).toBe(false);
  clock.at += minuteMs;
  expect(counted.spent("t")).toBe(false);
  for (let other = 0; other < limits.accessCacheEntriesMax + 1; other += 1) {
    counted.note(refusal(`t-${other}`), "written");
  }
  expect(counted.bound([refusal(null)]).length).toBe(1);
});
