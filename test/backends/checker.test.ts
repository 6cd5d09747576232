// The checker must be able to find what it looks for: a state in which all is well has no findings, and
// each fault that is planted into it is named.
import { expect, test } from "vitest";
import { canary, check, type Evidence } from "./checker.ts";
import { Ledger, type Told } from "./ledger.ts";

const created = (value: string, status: number | null = 201): Told => ({
  what: "create",
  value,
  status,
  version: 1,
});
const updated = (value: string, version: number, status: number | null = 200): Told => ({
  what: "update",
  value,
  status,
  version,
});
const removed = (status: number | null = 204): Told => ({ what: "remove", value: null, status });

/** A secret with two versions, one that was deleted, one whose creation nobody was told of. */
function well(): Evidence {
  const ledger = new Ledger();
  ledger.happened("a", [created("value-of-a-1")]);
  ledger.happened("a", [updated("value-of-a-2", 2)]);
  ledger.happened("b", [created("value-of-b-1")]);
  ledger.happened("b", [removed()]);
  ledger.happened("c", [created("value-of-c-1", null)]);
  const version = (id: string, number: number, state: string) => ({
    id,
    secret_id: "sa",
    number,
    state,
    backend: "bao",
    remote_ref: "coffer/i/sa",
    remote_version: String(number),
  });
  return {
    ledger,
    reads: new Map([
      ["a", "value-of-a-2"],
      ["b", null],
      ["c", null],
    ]),
    listed: ["a"],
    secrets: [
      { id: "sa", name: "a", state: "active", version_id: "v2" },
      { id: "sc", name: "c", state: "aborted", version_id: null },
    ],
    versions: [version("v1", 1, "superseded"), version("v2", 2, "active"), version("v3", 3, "aborted")],
    owed: [],
    objects: [
      {
        secretId: "sa",
        versions: [
          { version: "1", stored: "sealed", wanted: true },
          { version: "2", stored: "sealed", wanted: true },
          { version: "3", stored: null, wanted: false },
        ],
      },
    ],
    texts: [{ where: "the database", bytes: Buffer.from("nothing to see") }],
  };
}

test("where all is well there is nothing to find", () => {
  expect(check(well())).toEqual([]);
});

const planted: readonly [string, (evidence: Evidence) => Evidence, RegExp][] = [
  ["an acknowledged write that is lost", (it) => read(it, "a", null), /^a is not there/],
  ["an old value after an update", (it) => read(it, "a", "value-of-a-1"), /^a has value-of-a-1, which/],
  ["a value after its deletion", (it) => read(it, "b", "value-of-b-1"), /^b has value-of-b-1, which/],
  ["a value under another name", (it) => read(it, "a", "value-of-b-1"), /^a has the value of b/],
  ["a value that nobody sent", (it) => read(it, "c", "surprise"), /^c has a value that nobody sent/],
  ["a value that cannot be read", (it) => read(it, "a", undefined), /^a could not be read/],
  ["a secret that only a list shows", (it) => ({ ...it, listed: ["a", "c"] }), /^c is in the list and/],
  [
    "a name that is blocked for ever",
    (it) => ({ ...it, secrets: [...it.secrets, { id: "sd", state: "creating", version_id: null }] }),
    /secret sd is still creating/,
  ],
  [
    "a write that never ended",
    (it) => ({ ...it, versions: it.versions.map((row) => ({ ...row, state: "pending" })) }),
    /version v1 is still pending/,
  ],
  ["a deletion that never comes", (it) => ({ ...it, owed: [{ id: "o" }] }), /still owed/],
  ["a value that is gone from the remote", (it) => holding(it, ["1"]), /version 2 of secret sa is gone/],
  ["an orphan among the versions", (it) => holding(it, ["1", "2", "3"]), /still holds version 3 of/],
  [
    "an orphan beside the secrets",
    (it) => ({ ...it, objects: [...it.objects, { secretId: "sx", versions: [] }] }),
    /still holds sx/,
  ],
  [
    "what an aborted creation left",
    (it) => ({ ...it, objects: [...it.objects, { secretId: "sc", versions: [] }] }),
    /still holds sc/,
  ],
  [
    "two versions that are current",
    (it) => ({ ...it, versions: it.versions.map((row) => ({ ...row, state: "active" })) }),
    /3 of its versions are active/,
  ],
  ["a value in the log", (it) => writtenDown(it, canary), /^the log holds a value/],
  ["a value in hex", (it) => writtenDown(it, Buffer.from(canary).toString("hex")), /^the log holds a value/],
  ["a value in base64", (it) => writtenDown(it, btoa(canary)), /^the log holds a value/],
  ["a value in base64 of more", (it) => writtenDown(it, btoa(`{"a":"${canary}"}`)), /^the log holds a value/],
  ["the same a byte later", (it) => writtenDown(it, btoa(`{"ab":"${canary}"}`)), /^the log holds a value/],
];

test.each(planted)("%s is found", (_, plant, told) => {
  expect(check(plant(well()))).toContainEqual(expect.stringMatching(told));
});

test("a creation that was acknowledged twice is found", () => {
  const { ledger } = well();
  ledger.happened("a", [created("again")]);
  expect(ledger.wrong).toEqual(["a was created although it was there"]);
});

test("of two updates that both succeeded the one with the higher number stands", () => {
  const { ledger } = well();
  ledger.happened("a", [updated("fourth", 4), updated("third", 3)]);
  expect([...ledger.standings("a")]).toEqual(["fourth"]);
  ledger.happened("a", [updated("fifth", 5, 503), updated("sixth", 6)]);
  expect([...ledger.standings("a")]).toEqual(["sixth", "fifth"]);
});

test("a removal that succeeded beats an update beside it, and one that is unknown leaves both", () => {
  const { ledger } = well();
  ledger.happened("a", [updated("third", 3, null), removed(null)]);
  expect([...ledger.standings("a")]).toEqual(["value-of-a-2", "third", null]);
  ledger.happened("a", [updated("fourth", 4, 404), removed()]);
  expect([...ledger.standings("a")]).toEqual([null]);
});

test("what a read showed once is settled", () => {
  const { ledger } = well();
  ledger.saw("c", null);
  ledger.saw("c", "value-of-c-1");
  expect(ledger.wrong).toEqual(["c has value-of-c-1, which it cannot have"]);
});

function read(evidence: Evidence, name: string, standing: string | null | undefined): Evidence {
  const reads = new Map(evidence.reads);
  if (standing === undefined) reads.delete(name);
  else reads.set(name, standing);
  return { ...evidence, reads };
}

function holding(evidence: Evidence, versions: readonly string[]): Evidence {
  const stored = versions.map((version) => ({ version, stored: "sealed", wanted: true }));
  return { ...evidence, objects: [{ secretId: "sa", versions: stored }] };
}

function writtenDown(evidence: Evidence, text: string): Evidence {
  return { ...evidence, texts: [{ where: "the log", bytes: Buffer.from(`before ${text} after`) }] };
}
