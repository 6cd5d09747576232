// Taking away what is owed. First it is claimed, so that nobody makes it a value after all; then it goes
// in the backend, as often as it takes, then in the tables: whoever is killed in between does it once more,
// which does nothing.
import { type Caller, systemCaller } from "../caller.ts";
import { limits } from "../limits.ts";
import { entryOf } from "../operation.ts";
import type { Command, Context, Query } from "../ports.ts";
import { atMost } from "./backends.ts";
import { backendUnavailable } from "./errors.ts";
import { type Backend, BackendError, type BackendFailure } from "./port.ts";
import type { OwedDeletion } from "./records.ts";

export const owedOfSecrets: Query<{ readonly secretIds: readonly string[] }, readonly OwedDeletion[]> = {
  name: "backend.owed-of",
  run: (tx, { secretIds }) => tx.remote.owedOf(secretIds),
};

interface PaidInput {
  readonly caller: Caller;
  readonly at: number;
  readonly owed: OwedDeletion;
}

/** It is gone there. With the last of a secret that is being deleted, the secret goes too. */
export const settlePaid: Command<PaidInput, null> = {
  name: "backend.paid",
  run: async (tx, input) => {
    const { owed, at } = input;
    const { organizationId, secretId, backend, kind, ref, version } = owed;
    // Of two who settle the last debts at once the later one sees that no other is left.
    if (kind === "object") await tx.remote.settling(secretId);
    if (!(await tx.remote.paid(owed.id)) || kind !== "object") return null;
    const secret = await tx.secrets.get(organizationId, secretId);
    if (secret === null || !(await tx.remote.finish(secret, at))) return null;
    const { storeId, revision } = secret;
    await tx.audit.append(
      entryOf(input, {
        organizationId,
        action: "backend.purge",
        target: { kind: "secret", id: secretId, name: null, storeId },
        outcome: "allowed",
        because: "owed",
        details: { backend, ref, remoteVersion: version, revision, version: null, digest: null },
      }),
    );
    return null;
  },
};

interface ClaimInput {
  readonly owed: OwedDeletion;
  readonly dueAt: number;
}

/** Committed before the backend is asked. It takes turns with `relocateValues`: the row has one winner. */
export const claimOwed: Command<ClaimInput, boolean> = {
  name: "backend.claim",
  run: (tx, { owed, dueAt }) => tx.remote.claim(owed, dueAt),
};

interface UnpaidInput {
  readonly owed: OwedDeletion;
  readonly failure: string;
}

export const noteUnpaid: Command<UnpaidInput, null> = {
  name: "backend.unpaid",
  run: async (tx, { owed, failure }) => {
    await tx.remote.failed(owed.id, failure);
    return null;
  },
};

/**
 * Does what is owed in the backend, and nothing in the tables. A debt for a write is to be claimed before;
 * any other is for what can never be a value again.
 */
async function erase(backend: Backend, owed: OwedDeletion): Promise<void> {
  const { organizationId, secretId, kind, ref, version, writeId } = owed;
  const place = { organizationId, secretId };
  if (kind === "object") return backend.deleteObject(ref ?? backend.refOf(place));
  if (kind === "version") {
    if (ref !== null && version !== null) await backend.destroyVersion({ ref, version });
    return;
  }
  const found = writeId === null ? null : await backend.probe(place, writeId);
  if (found !== null) await backend.destroyVersion(found);
}

/**
 * Null: it is paid, or in another's hands. A backend that the configuration does not name any more is one
 * that does not answer.
 */
export async function pay(ctx: Context, owed: OwedDeletion): Promise<BackendFailure | null> {
  const { backends, database, clock } = ctx;
  const dueAt = clock.now() + waitOf(ctx, owed.attempts);
  if (!(await database.execute(claimOwed, { owed, dueAt }))) return null;
  const backend = backends.find(owed.backend);
  try {
    if (backend === null) throw new BackendError("unavailable");
    await erase(backend, owed);
  } catch (error) {
    // One that fails in a way that nobody thought of must not hold up all others.
    const failure = error instanceof BackendError ? error.failure : "invalid";
    await database.execute(noteUnpaid, { owed, failure });
    return failure;
  }
  await database.execute(settlePaid, { caller: systemCaller("backends"), at: clock.now(), owed });
  return null;
}

/** Doubled each time up to an hour at the usual period, and spread, so that many do not come back together. */
function waitOf({ backends: { rules } }: Context, attempts: number): number {
  const longest = (rules.periodMs / limits.owedRetryMsMin) * limits.owedRetryMsMax;
  const wait = Math.min(rules.periodMs * 2 ** attempts, longest);
  return Math.round(wait * (0.5 + Math.random() / 2));
}

const idsAtOnce = 256;

/**
 * After these were removed for good: success is only said when nothing of them lies anywhere any more.
 * Where a backend refuses, they are out of reach all the same and the reconciler goes on.
 */
export async function finishRemovals(
  ctx: Context,
  operation: string,
  secretIds: readonly string[],
): Promise<void> {
  const { backends, database } = ctx;
  if (backends.all.length === 0) return;
  const owed: OwedDeletion[] = [];
  for (let from = 0; from < secretIds.length; from += idsAtOnce) {
    const page = { secretIds: secretIds.slice(from, from + idsAtOnce) };
    owed.push(...(await database.point(owedOfSecrets, page)));
  }
  const now = owed.filter(({ kind, writeId }) => kind === "object" && writeId === null);
  if (now.length === 0) return;
  backends.fault(`${operation}.after-intent`);
  const failures: unknown[] = [];
  const gone = await atMost(limits.remoteWritesMax, now, async (each) => {
    const backend = backends.find(each.backend);
    try {
      if (backend === null) throw new BackendError("unavailable");
      await erase(backend, each);
      return each;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      failures.push(error);
      return null;
    }
  });
  backends.fault(`${operation}.after-remote`);
  const paid = { caller: systemCaller("backends"), at: ctx.clock.now() };
  for (const each of gone) if (each !== null) await database.execute(settlePaid, { ...paid, owed: each });
  if (failures.length > 0) throw backendUnavailable(failures[0]);
}
