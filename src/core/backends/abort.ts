// Giving up what is on its way to another backend: by who began it, or by the reconciler when its time
// has run out. It never becomes a version afterwards, and what it may have made there is owed away.
import type { AuditEntry } from "../audit/entry.ts";
import type { Command, Transaction } from "../ports.ts";
import type { PendingWrite } from "./records.ts";
import { owedFor } from "./removing.ts";

interface AbortInput {
  readonly at: number;
  readonly owner: string;
  readonly writes: readonly PendingWrite[];
  /** Nothing was sent: nothing can lie there. */
  readonly unsent: boolean;
  readonly entry: AuditEntry | null;
}

/** By who staged it. What was settled, or taken over, stays as it is. */
export const abortWrites: Command<AbortInput, number> = {
  name: "backend.abort",
  run: async (tx, { at, owner, writes, unsent, entry }) => {
    let aborted = 0;
    for (const write of writes) {
      if (!(await tx.remote.abort(write.versionId, { owner }))) continue;
      aborted += 1;
      await giveUp(tx, write, at, unsent);
    }
    if (entry !== null) await tx.audit.append(entry);
    return aborted;
  },
};

interface ExpireInput {
  readonly at: number;
  /** Null: by the database's clock. */
  readonly clock: number | null;
  readonly limit: number;
}

/** Whose time has run out, whoever began it. It is never made a version: nobody was told of success. */
export const abortExpired: Command<ExpireInput, number> = {
  name: "backend.abort-expired",
  run: async (tx, { at, clock, limit }) => {
    const now = clock ?? (await tx.remote.now());
    let aborted = 0;
    for (const write of await tx.remote.expired(now, limit)) {
      if (!(await tx.remote.abort(write.versionId, { now }))) continue;
      aborted += 1;
      await giveUp(tx, write, at, false);
    }
    return aborted;
  },
};

/** Of a creation everything goes: its secret never was. Of another write, what it made and no more. */
async function giveUp(tx: Transaction, write: PendingWrite, at: number, unsent: boolean): Promise<void> {
  const created = await tx.remote.abortCreation(write.secretId);
  if (unsent) return;
  const row = { ...write, writeId: write.versionId, ref: null, version: null };
  await tx.remote.owe(owedFor(row, created ? "object" : "write", at));
}
