import { expect, test } from "vitest";
import { CofferError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Command, Database } from "../core/ports.ts";
import { lastUses } from "./last-used.ts";

/** Keeps what it is given to write, or refuses all after the first few. */
function paper(writesMax = Number.POSITIVE_INFINITY) {
  const written: { tokenId: string; at: number }[][] = [];
  const database: Pick<Database, "execute"> = {
    async execute<I, O>(command: Command<I, O>, input: I): Promise<O> {
      expect(command.name).toBe("token.uses");
      if (written.length >= writesMax) throw new CofferError("storage.unavailable", "full");
      written.push(structuredClone(input) as { tokenId: string; at: number }[]);
      return null as O;
    },
  };
  return { written, database };
}

const held = (at: number) => ({ now: () => at });

test("a token is written once, with its newest use, and not again without another", async () => {
  let at = 1;
  const uses = lastUses({ now: () => at });
  const { written, database } = paper();
  for (const id of ["a", "b", "a"]) {
    uses.note(id);
    at += 1;
  }
  uses.note(null);
  await uses.write(database);
  await uses.write(database);
  expect(written).toEqual([
    [
      { tokenId: "a", at: 3 },
      { tokenId: "b", at: 2 },
    ],
  ]);
});

test("many are written in parts, and what could not be written comes with the next time", async () => {
  const uses = lastUses(held(5));
  const ids = Array.from({ length: limits.lastUsesChunk * 2 + 1 }, (_, index) => `t${index}`);
  for (const id of ids) uses.note(id);
  const full = paper(1);
  await expect(uses.write(full.database)).rejects.toThrow("full");
  const { written, database } = paper();
  await uses.write(database);
  expect([...full.written, ...written].map((part) => part.length)).toEqual([500, 500, 1]);
  expect([...full.written, ...written].flat().map(({ tokenId }) => tokenId)).toEqual(ids);
});

test("past its bound it forgets new tokens and goes on with those it knows", async () => {
  let at = 1;
  const uses = lastUses({ now: () => at });
  for (let index = 0; index <= limits.lastUsesKeptMax; index += 1) uses.note(`t${index}`);
  at = 2;
  uses.note("t0");
  const { written, database } = paper();
  await uses.write(database);
  const all = written.flat();
  expect(all).toHaveLength(limits.lastUsesKeptMax);
  expect(all.find(({ tokenId }) => tokenId === "t0")).toEqual({ tokenId: "t0", at: 2 });
});
