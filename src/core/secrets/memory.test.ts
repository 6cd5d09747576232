import { describe, expect, test } from "vitest";
import { systemCaller } from "../caller.ts";
import { type Remembered, revealMemory, type Shelf } from "./memory.ts";
import type { SecretRef } from "./secret.ts";

const store = { slug: "default" };
const caller = { ...systemCaller("test"), tokenId: "t1" };

/** What is asked for twice is kept. */
function keepTwice(shelf: Shelf, secret: SecretRef, kept: Remembered): void {
  shelf.keep(secret, kept);
  shelf.keep(secret, kept);
}

function item(bytes: number, validUntil: number | null = null): Remembered {
  const prepared = { sealed: new Uint8Array(bytes), validUntil };
  const packed = "" as Remembered["packed"];
  return {
    prepared: prepared as Remembered["prepared"],
    packed,
    opening: null,
    seenRevision: 1,
    touchedAt: null,
  };
}

describe("what is remembered of reveals", () => {
  test("is found by who asked, where, and under the very name or id", () => {
    const memory = revealMemory();
    const kept = item(10);
    const shelf = memory.shelf(caller, "o1", store);
    keepTwice(shelf, { name: "a" }, kept);
    expect(memory.shelf(caller, "o1", store).find({ name: "a" }, 0)).toBe(kept);
    expect(shelf.find({ id: "a" }, 0)).toBeNull();
    expect(shelf.find({ name: "A" }, 0)).toBeNull();
    expect(memory.shelf({ ...caller, tokenId: "t2" }, "o1", store).find({ name: "a" }, 0)).toBeNull();
    expect(memory.shelf(caller, "o2", store).find({ name: "a" }, 0)).toBeNull();
    expect(memory.shelf(caller, "o1", { id: "default" }).find({ name: "a" }, 0)).toBeNull();
    shelf.forget({ name: "a" });
    expect(shelf.find({ name: "a" }, 0)).toBeNull();
  });

  test("is what was asked for a second time", () => {
    const shelf = revealMemory().shelf(caller, "o1", store);
    shelf.keep({ name: "a" }, item(10));
    expect(shelf.find({ name: "a" }, 0)).toBeNull();
    shelf.keep({ name: "a" }, item(10));
    expect(shelf.find({ name: "a" }, 0)).not.toBeNull();
  });

  test("counts what was asked for once over all shelves: many credentials with few names are many too", () => {
    const memory = revealMemory();
    const shelfOf = (number: number) => memory.shelf({ ...caller, tokenId: `t${number}` }, "o1", store);
    shelfOf(0).keep({ name: "a" }, item(10));
    for (let one = 0; one < 9_000; one += 1) shelfOf(one % 100).keep({ name: `n${one}` }, item(10));
    shelfOf(0).keep({ name: "a" }, item(10));
    expect(shelfOf(0).find({ name: "a" }, 0)).toBeNull();
    shelfOf(99).keep({ name: "n8999" }, item(10));
    expect(shelfOf(99).find({ name: "n8999" }, 0)).not.toBeNull();
  });

  test("is not told past the moment at which the decision ends", () => {
    const shelf = revealMemory().shelf(caller, "o1", store);
    keepTwice(shelf, { name: "a" }, item(10, 1_000));
    expect(shelf.find({ name: "a" }, 999)).not.toBeNull();
    expect(shelf.find({ name: "a" }, 1_000)).toBeNull();
  });

  test("is bounded by bytes over all shelves; what came first goes first", () => {
    const memory = revealMemory(15_000);
    const one = memory.shelf(caller, "o1", store);
    const two = memory.shelf(caller, "o2", store);
    keepTwice(one, { name: "first" }, item(2_000));
    keepTwice(two, { name: "second" }, item(2_000));
    keepTwice(one, { name: "third" }, item(2_000));
    expect(one.find({ name: "first" }, 0)).toBeNull();
    expect(two.find({ name: "second" }, 0)).not.toBeNull();
    keepTwice(one, { name: "third" }, item(100)); // replaced, not counted twice
    keepTwice(one, { name: "fourth" }, item(100));
    expect(two.find({ name: "second" }, 0)).not.toBeNull();
    keepTwice(one, { name: "huge" }, item(60_000));
    expect(one.find({ name: "huge" }, 0)).toBeNull();
  });
});
