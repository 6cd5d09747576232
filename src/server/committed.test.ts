import { expect, test } from "vitest";
import type { Caller } from "../core/caller.ts";
import { CofferError } from "../core/errors.ts";
import type { Command, Database } from "../core/ports.ts";
import { notingCommits } from "./committed.ts";

const caller = (): Caller => ({
  kind: "person",
  id: "p",
  name: "P",
  tokenId: "t",
  dialect: "native",
  address: null,
  requestId: "r",
});
const mutate: Command<{ caller: Caller }, null> = { name: "x", run: async () => null, tokenOf: () => "t" };
const unavailable = new CofferError("storage.unavailable", "Try again.");

function committedOver(execute: () => Promise<unknown>) {
  return notingCommits({ execute } as Pick<Database, "execute"> as Database);
}

test("what fails after a commit of the same request is not told as if nothing had been done", async () => {
  const { database, told } = committedOver(async () => null);
  const [one, other] = [caller(), caller()];
  await database.execute(mutate, { caller: one });
  expect(told(unavailable, one)).toMatchObject({ code: "storage.outcome_unknown" });
  expect(told(unavailable, other)).toBe(unavailable);
  expect(told(unavailable, undefined)).toBe(unavailable);
  const missing = new CofferError("secret.not_found", "None.");
  expect(told(missing, one)).toBe(missing);
});

test("what was not committed is told as it is", async () => {
  const { database, told } = committedOver(() => Promise.reject(unavailable));
  const one = caller();
  await expect(database.execute(mutate, { caller: one })).rejects.toBe(unavailable);
  expect(told(unavailable, one)).toBe(unavailable);
});
