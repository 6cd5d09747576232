import { expect, test } from "vitest";
import { type AuditEntry, canonicalEntry, chainHash, chainStart } from "../core/audit/entry.ts";
import { systemCaller } from "../core/caller.ts";
import { AuditStream } from "./stream.ts";

function entry(at: number): AuditEntry {
  return {
    at,
    organizationId: null,
    caller: systemCaller("audit"),
    dialect: "core",
    action: "audit.open",
    target: { kind: "stream", id: null, name: null, storeId: null },
    outcome: "allowed",
    because: null,
    details: null,
    address: null,
    requestId: null,
  };
}

test("entries follow one another in sequence and hash", () => {
  const stream = AuditStream.start("s");
  const first = stream.append(entry(1));
  const second = stream.append(entry(2));
  expect([first.seq, second.seq]).toEqual([1, 2]);
  expect(first.hash).toEqual(chainHash(chainStart, canonicalEntry(first)));
  expect(second.hash).toEqual(chainHash(first.hash, canonicalEntry(second)));
});

test("what was appended counts only after the commit was adopted", () => {
  const stream = AuditStream.start("s");
  stream.append(entry(1));
  expect(stream.committed.seq).toBe(0);
  stream.adopt();
  expect(stream.committed.seq).toBe(1);
  stream.append(entry(2));
  stream.abandon();
  expect(stream.append(entry(3)).seq).toBe(2);
});

test("a rollback to a mark gives the same place out again", () => {
  const stream = AuditStream.start("s");
  stream.append(entry(1));
  const mark = stream.mark();
  const lost = stream.append(entry(2));
  stream.rollback(mark);
  const kept = stream.append(entry(2));
  expect(kept).toEqual(lost);
});

test("a reset stands where the table says", () => {
  const stream = AuditStream.start("s");
  const hash = new Uint8Array(32).fill(7);
  stream.append(entry(1));
  stream.reset({ stream: "s", seq: 9, hash });
  expect(stream.append(entry(2)).seq).toBe(10);
  expect(stream.committed.seq).toBe(9);
});
