// Putting stored values somewhere else, or there once more under another key: they are sealed anew, sent,
// and only then do their rows point there. What they left is owed away. A version stays the version that
// it is; nothing of it changes but where its bytes lie. Keeps: no row points to what somebody has begun to
// take away.
import type { Caller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { sealing } from "../keys/sealing.ts";
import { keyRotated } from "../keys/term.ts";
import { limits } from "../limits.ts";
import { entryOf } from "../operation.ts";
import { type Custody, organizationNotFound } from "../organizations/organization.ts";
import type { Command, Context, Transaction } from "../ports.ts";
import { secretDigest } from "../secrets/digest.ts";
import type { SealedValue, Secret } from "../secrets/secret.ts";
import { withStored } from "../secrets/stored.ts";
import { secretTarget } from "../secrets/target.ts";
import { atMost, embedded } from "./backends.ts";
import { backendUnavailable } from "./errors.ts";
import { readPointer } from "./pointer.ts";
import { BackendError } from "./port.ts";
import type { Landed, OwedDeletion, StoredElsewhere } from "./records.ts";
import { owedFor } from "./removing.ts";
import { send } from "./writing.ts";

export interface Move {
  readonly stored: StoredElsewhere;
  readonly to: string;
}

export interface Moves {
  readonly caller: Caller;
  readonly organizationId: string;
  readonly action: "key.reseal" | "backend.move";
  readonly moves: readonly Move[];
}

export interface MovesDone {
  readonly moved: number;
  /** They do not open, or the backend does not take them: they stay where they are. */
  readonly failed: number;
  /** They took so long that what was sent is being taken away: they stay where they are too. */
  readonly late: number;
}

interface AheadInput {
  readonly owed: readonly OwedDeletion[];
}

/** Written down before it is sent: who is killed in between leaves nothing for ever. */
export const oweAhead: Command<AheadInput, null> = {
  name: "backend.owe-ahead",
  run: async (tx, { owed }) => {
    for (const each of owed) await tx.remote.owe(each);
    return null;
  },
};

interface MovedValue {
  readonly stored: StoredElsewhere;
  readonly value: SealedValue;
  readonly landed: Landed;
  /** Under which it was sealed on the way, also where it lies as it is. */
  readonly term: number;
}

interface RelocateInput extends Omit<Moves, "moves"> {
  readonly at: number;
  readonly items: readonly MovedValue[];
}

export const relocateValues: Command<RelocateInput, Pick<MovesDone, "moved" | "late">> = {
  name: "backend.relocate",
  run: async (tx, input) => {
    const { organizationId, items } = input;
    const organization = await tx.organizations.find({ id: organizationId });
    if (organization === null) throw organizationNotFound();
    for (const term of new Set(items.map((item) => item.term))) {
      if (!(await tx.installation.isCurrentTerm(organizationId, term))) throw keyRotated();
    }
    let moved = 0;
    let late = 0;
    const bySecret = Map.groupBy(items, ({ stored }) => stored.secretId);
    // In order of id, as everything that holds several secrets.
    for (const secretId of [...bySecret.keys()].sort()) {
      const secret = await tx.keys.held(organizationId, secretId);
      if (secret === null) continue;
      for (const item of bySecret.get(secretId) ?? []) {
        const outcome = await relocated(tx, input, item);
        if (outcome === "late") late += 1;
        if (outcome !== "moved") continue;
        moved += 1;
        if (item.stored.versionId === secret.versionId) {
          await said(tx, input, organization.custody, secret, item);
        }
      }
    }
    return { moved, late };
  },
};

async function relocated(
  tx: Transaction,
  { organizationId, at }: RelocateInput,
  { stored, value, landed }: MovedValue,
): Promise<"moved" | "changed" | "late"> {
  const { secretId } = stored;
  const place = { organizationId, secretId };
  // Who pays the debt may have looked before the bytes came: now that it is known where they lie, they are
  // owed once more.
  const oweSent = () => tx.remote.owe(owedFor({ ...place, ...landed }, "version", at));
  if (landed.backend !== embedded && !(await tx.remote.unowe(landed.writeId))) {
    await oweSent();
    return "late";
  }
  if (!(await tx.remote.relocate(stored, value, landed))) {
    if (landed.backend !== embedded) await oweSent();
    return "changed";
  }
  const left = readPointer(stored.sealed);
  if (left !== null) await tx.remote.owe(owedFor({ ...place, ...left }, "version", at));
  return "moved";
}

/** At the revision that stands, as where a rotation seals anew. */
async function said(
  tx: Transaction,
  input: RelocateInput,
  custody: Custody,
  secret: Secret,
  { value, landed, term }: MovedValue,
): Promise<void> {
  const { action, organizationId } = input;
  const digest = secretDigest(secret, value.sealed);
  await tx.audit.append(
    entryOf(input, {
      organizationId,
      action,
      target: secretTarget(custody, secret),
      outcome: "allowed",
      because: action === "key.reseal" ? "rotation" : "migration",
      details: { revision: secret.revision, term, digest, backend: landed.backend },
    }),
  );
}

export async function moveValues(ctx: Context, { moves, ...rest }: Moves): Promise<MovesDone> {
  const { organizationId } = rest;
  return sealing(ctx, organizationId, async () => {
    const sent = await sendAll(ctx, organizationId, moves);
    const items = sent.filter((item) => item !== null);
    const input = { ...rest, at: ctx.clock.now(), items };
    const none = { moved: 0, late: 0 };
    const done = items.length === 0 ? none : await ctx.database.execute(relocateValues, input);
    return { ...done, failed: moves.length - items.length };
  });
}

async function sendAll(
  ctx: Context,
  organizationId: string,
  moves: readonly Move[],
): Promise<readonly (MovedValue | null)[]> {
  const at = ctx.clock.now();
  // A lease is longer than any one operation, and what is at the end waits for all that goes before it.
  const turns = 1 + Math.ceil(moves.length / limits.remoteWritesMax);
  const named = moves.map((move) => ({ ...move, writeId: ctx.ids.next() }));
  const owed = named
    .filter(({ to }) => to !== embedded)
    .map(({ stored: { secretId }, to, writeId }) => {
      const row = { organizationId, secretId, backend: to, writeId, ref: null, version: null };
      return { ...owedFor(row, "write", at), dueAt: at + turns * ctx.backends.rules.leaseMs };
    });
  if (owed.length > 0) await ctx.database.execute(oweAhead, { owed });
  return atMost(limits.remoteWritesMax, named, async ({ stored, to, writeId }) => {
    try {
      return await movedTo(ctx, organizationId, stored, to, writeId);
    } catch (error) {
      if (error instanceof BackendError) return null;
      if (error instanceof CofferError && stays.has(error.code)) return null;
      throw error;
    }
  });
}

/** What says something of this one value alone. */
const stays: ReadonlySet<string> = new Set([
  "value.integrity",
  "value.missing",
  "backend.unavailable",
  "request.invalid",
]);

async function movedTo(
  ctx: Context,
  organizationId: string,
  stored: StoredElsewhere,
  to: string,
  writeId: string,
): Promise<MovedValue> {
  const { secretId, versionId } = stored;
  const address = { organizationId, secretId, versionId };
  let lying = stored.sealed;
  const sealed = await withStored(ctx, address, stored.sealed, (bytes) => {
    lying = bytes;
    return ctx.keyring.reseal(address, bytes, address);
  });
  const { term } = sealed;
  const now = { ...stored, sealed: lying };
  if (to === embedded) {
    const landed = { backend: embedded, writeId: versionId, ref: null, version: null };
    return { stored: now, value: sealed, landed, term };
  }
  const backend = ctx.backends.find(to);
  if (backend === null) throw backendUnavailable();
  const value = await send(ctx, backend, { ...address, writeId, value: sealed });
  const pointer = readPointer(value.sealed);
  if (pointer === null) throw new CofferError("internal", "A pointer cannot be read.");
  const { ref, version } = pointer;
  return { stored: now, value, landed: { backend: to, writeId, ref, version }, term };
}
