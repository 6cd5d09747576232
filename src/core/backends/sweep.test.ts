import { describe, expect, test } from "vitest";
import type { OwnedObject } from "./port.ts";
import type { RemoteRow } from "./records.ts";
import { orphansOf } from "./sweep.ts";

const secretId = "0193d760-d681-7f71-947a-b9c8d049924b";
const ref = `coffer-installation-${secretId}`;
const before = 1_000;

function item(...versions: readonly (readonly [version: string, createdAt: number, writeId?: string])[]) {
  const owned: OwnedObject = {
    ref,
    createdAt: 1,
    versions: versions.map(([version, createdAt, writeId = null]) => ({ version, createdAt, writeId })),
  };
  return owned;
}

function row(version: string, parts: Partial<RemoteRow> = {}): RemoteRow {
  return {
    versionId: "v",
    organizationId: "o",
    secretId,
    state: "active",
    backend: "b",
    writeId: `w${version}`,
    ref,
    version,
    leaseUntil: null,
    createdAt: 1,
    ...parts,
  };
}

const nothing = { rows: [], living: [], busy: [] };
const alive = { rows: [row("1")], living: [secretId], busy: [] };

describe("what of an object is nobody's", () => {
  test("the whole of it, once its secret is gone and all of it has rested", () => {
    expect(orphansOf(item(["1", 5], ["2", 6]), nothing, before)).toEqual([{ ref, version: "" }]);
    expect(orphansOf(item(), nothing, before)).toEqual([{ ref, version: "" }]);
  });

  test("nothing while any of it is young", () => {
    expect(orphansOf(item(["1", 5], ["2", before + 1]), nothing, before)).toEqual([]);
    expect(orphansOf({ ...item(), createdAt: before + 1 }, nothing, before)).toEqual([]);
  });

  test("of a living secret its unknown old versions, never the object", () => {
    expect(orphansOf(item(["1", 5], ["2", 5]), alive, before)).toEqual([{ ref, version: "2" }]);
    expect(orphansOf(item(["1", 5], ["2", before + 1]), alive, before)).toEqual([]);
    expect(orphansOf(item(), { ...alive, rows: [] }, before)).toEqual([]);
    expect(orphansOf(item(["1", 5]), { ...alive, rows: [] }, before)).toEqual([{ ref, version: "1" }]);
  });

  test("no version that a row knows by its write", () => {
    expect(orphansOf(item(["9", 5, "w1"]), alive, before)).toEqual([]);
  });

  test("nothing of a secret that is being written to", () => {
    expect(orphansOf(item(["1", 5], ["2", 5]), { ...alive, busy: [secretId] }, before)).toEqual([]);
  });

  test("nothing under a name that was not given here", () => {
    expect(
      orphansOf({ ...item(["1", 5]), ref: "coffer-installation-restore-epoch" }, nothing, before),
    ).toEqual([]);
  });
});
