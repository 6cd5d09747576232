import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { systemCaller } from "../caller.ts";
import type { Command, Database } from "../ports.ts";
import { type Packable, type PackedRecordings, packReveal, unpackRecordings } from "./packing.ts";
import { recorder } from "./recorder.ts";

interface Sent {
  readonly organizationId: string;
  readonly size: number;
  answer(): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A database that answers when the test says so. */
function slowDatabase() {
  const sent: Sent[] = [];
  const database: Pick<Database, "share"> = {
    share<I, O>(_: Command<I, O>, input: I): Promise<O> {
      const { organizationId, packed } = input as { organizationId: string; packed: PackedRecordings };
      const { promise, resolve, reject } = Promise.withResolvers<O>();
      const size = unpackRecordings(organizationId, packed).length;
      const outcomes = Array.from({ length: size }, (_none, index) => index);
      sent.push({
        organizationId,
        size,
        answer: () => turn(resolve(outcomes as never)),
        fail: (error) => turn(reject(error)),
      });
      return promise;
    },
  };
  return { sent, database };
}

const packed = packReveal({
  ...{ secretId: "s", storeId: "t", name: "N" },
  ...{ revision: 1, version: 1, because: "owner" },
});

function recording(organizationId = "o"): Packable {
  const epochs = { installation: 1, organization: 1 };
  const reveals = [{ packed, touch: false }];
  return { caller: systemCaller("test"), at: 1, organizationId, epochs, seenRevision: 1, reveals };
}

test("what meets in one turn is sent together, by organization, and each gets its own answer", async () => {
  const { sent, database } = slowDatabase();
  const written = recorder(database);
  const answers = Promise.all([recording(), recording("other"), recording()].map(written.record));
  expect(sent).toEqual([]);
  await turn();
  expect(sent.map(({ organizationId, size }) => [organizationId, size])).toEqual([
    ["o", 2],
    ["other", 1],
  ]);
  for (const one of sent) await one.answer();
  expect(await answers).toEqual([0, 0, 1]);
});

test("few wait for the commit that is underway, enough go at once", async () => {
  const { sent, database } = slowDatabase();
  const written = recorder(database);
  const all = [written.record(recording())];
  await turn();
  all.push(written.record(recording()), written.record(recording()));
  await turn();
  expect(sent.map(({ size }) => size)).toEqual([1]);
  await sent[0]?.answer();
  expect(sent.map(({ size }) => size)).toEqual([1, 2]);
  for (let more = 0; more < 16; more += 1) all.push(written.record(recording()));
  expect(sent.map(({ size }) => size)).toEqual([1, 2, 16]);
  for (const one of sent.slice(1)) await one.answer();
  expect((await Promise.all(all)).length).toBe(19);
});

test("a commit that hangs holds up nobody else for long", async () => {
  const { sent, database } = slowDatabase();
  const written = recorder(database);
  void written.record(recording());
  await turn();
  const late = written.record(recording());
  await wait(60);
  expect(sent.length).toBe(2);
  await sent[1]?.answer();
  expect(await late).toBe(0);
});

test("who was with what failed hears so, and who waited behind it goes on", async () => {
  const { sent, database } = slowDatabase();
  const written = recorder(database);
  const first = written.record(recording()).catch((error: Error) => error.message);
  await turn();
  const second = written.record(recording());
  await sent[0]?.fail(new Error("full"));
  expect(await first).toBe("full");
  await sent[1]?.answer();
  expect(await second).toBe(0);
});
