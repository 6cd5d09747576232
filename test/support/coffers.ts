// A whole Coffer on each engine, for contracts of the core: the same body runs on both.
import { systemCaller } from "../../src/core/caller.ts";
import { CofferError } from "../../src/core/errors.ts";
import { recoverOwner } from "../../src/core/installation.ts";
import type { Ref } from "../../src/core/organizations/organization.ts";
import { Plaintext } from "../../src/core/plaintext.ts";
import { sharedPostgres } from "./postgres.ts";
import { have } from "./requirements.ts";
import { startCoffer, type TestCoffer, type TestOptions } from "./server.ts";

interface Engine {
  readonly name: string;
  start(options?: TestOptions): Promise<TestCoffer>;
}

const sqlite: Engine = { name: "SQLite", start: startCoffer };

const postgres: Engine = {
  name: "PostgreSQL",
  start: async (options = {}) =>
    startCoffer({ ...options, database: await (await sharedPostgres()).database() }),
};

export const coffers: readonly Engine[] = have("postgresql") ? [sqlite, postgres] : [sqlite];

export const home: Ref = { slug: "default" };

export function text(value: string): Plaintext {
  return new Plaintext(value);
}

/** A clock that stands until it is moved. */
export function heldClock(start = Date.UTC(2026, 0, 1)): { now(): number; pass(ms: number): void } {
  let at = start;
  return {
    now: () => at,
    pass(ms) {
      at += ms;
    },
  };
}

/** The error that a promise ends with; a failure of the test if it ends well. */
export async function refusal(promise: Promise<unknown>): Promise<CofferError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CofferError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

/** A store of its own for one test. */
export async function freshStore(coffer: TestCoffer, name = "Fresh"): Promise<Ref> {
  const { id } = await coffer.node.operations.stores.create(coffer.owner, home, { name });
  return { id };
}

/** The first owner through a token that never expires, for tests in which months pass. */
export async function lastingOwner(coffer: TestCoffer): Promise<TestCoffer["owner"]> {
  const { database, ids, clock } = coffer.node.context;
  const id = ids.next();
  const token = { id, name: "lasting", hash: new Uint8Array(32), expiresAt: null, revokedAt: null };
  const at = clock.now();
  await database.execute(recoverOwner, {
    caller: systemCaller("test"),
    at,
    token: { ...token, createdAt: at },
  });
  return { ...coffer.owner, tokenId: id };
}
