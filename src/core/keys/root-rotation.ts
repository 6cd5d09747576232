// The rotation of the root key, in four commits: a new one is added; once every node that runs holds
// it, it becomes the one that wraps; what the older one wraps is wrapped anew; the older one is retired.
// Keeps: between any two of them every key opens on every node, and a root key is given up only with the
// proof, in the same transaction, that it wraps nothing.
import { permitOperator } from "../access.ts";
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import { entryOf, mutation } from "../operation.ts";
import type { Command, KeyRecord, Query, Transaction } from "../ports.ts";
import type { Json } from "../stores/store.ts";
import { liveNodes } from "./nodes.ts";
import {
  demandWrapping,
  type OperatorCall,
  type RootKeyRecord,
  type RootStanding,
  rootTarget,
  standingOf,
} from "./root.ts";
import { keyInUse, keyNotFound, keyNotHeld, keyRotated } from "./term.ts";

/** For an operator who is about to carry a rotation on. */
export const rootStandingToRotate: Query<OperatorCall, RootStanding> = {
  name: "root.to-rotate",
  run: async (tx, input) => {
    await permitOperator(tx, input, "key.manage");
    return standingOf(await tx.keys.rootKeys());
  },
};

interface RootInput extends OperatorCall {
  readonly rootKeyId: string;
}

interface HeldInput extends RootInput {
  /** What the asking node was given; it may be the only one, without announcing itself. */
  readonly held: readonly string[];
}

export const addRootKey = mutation<HeldInput, null>({
  name: "root.add",
  action: "key.manage",
  target: ({ rootKeyId }) => rootTarget(rootKeyId),
  run: async (tx, input) => {
    const { rootKeyId, held } = input;
    const { because } = await permitOperator(tx, input, "key.manage");
    await tx.keys.claimRoots();
    const roots = await tx.keys.rootKeys();
    const { added, current, leaving } = standingOf(roots);
    // A start without them would be a sealed one.
    const lacking = [current, leaving].find((id) => id !== null && !held.includes(id)) ?? null;
    if (lacking !== null) {
      throw keyInUse(
        `The root key ${lacking} still wraps keys, and the server's root keys lack it; put it back.`,
      );
    }
    if (current === rootKeyId) {
      // Asked again half way: what is left is to rewrap and to retire.
      if (leaving !== null) return null;
      throw keyInUse(`The root key ${rootKeyId} wraps already; give the server a new one first.`);
    }
    if (leaving !== null) throw keyInUse(`The root key ${leaving} is not retired yet.`);
    if (added === rootKeyId) return null;
    if (roots.some(({ id, state }) => id === rootKeyId && state === "destroyed")) {
      throw keyInUse(`The root key ${rootKeyId} was destroyed and does not come back.`);
    }
    if (added !== null) await tx.keys.removeRoot(added);
    await tx.keys.insertRoot(rootKeyId, "added", input.at);
    await note(tx, input, because, { change: "added" });
    return null;
  },
});

export const promoteRootKey = mutation<HeldInput, null>({
  name: "root.promote",
  action: "key.manage",
  target: ({ rootKeyId }) => rootTarget(rootKeyId),
  run: async (tx, input) => {
    const { rootKeyId, held, at } = input;
    const { because } = await permitOperator(tx, input, "key.manage");
    // From here on nobody wraps with the older one, and no node announces itself unseen.
    await tx.keys.claimRoots();
    const { added, current } = standingOf(await tx.keys.rootKeys());
    if (added !== rootKeyId || current === null) throw keyRotated();
    if (!held.includes(rootKeyId)) throw keyNotHeld(rootKeyId, ["this node"]);
    const nodes = await liveNodes(tx);
    const without = nodes.filter(({ rootKeys }) => !rootKeys.includes(rootKeyId)).map(({ name }) => name);
    if (without.length > 0) throw keyNotHeld(rootKeyId, without);
    await tx.keys.changeRoot(current, { from: "current", to: "leaving", at });
    await tx.keys.changeRoot(rootKeyId, { from: "added", to: "current", at });
    await note(tx, input, because, { change: "current", before: current });
    return null;
  },
});

interface WrappedInput {
  readonly rootKeyId: string;
  readonly after: string | null;
}

/** The next keys that an older root key wraps, as they lie in the table. */
export const wrappedKeys: Query<WrappedInput, readonly KeyRecord[]> = {
  name: "root.wrapped",
  run: (tx, { rootKeyId, after }) => tx.keys.wrappedBy(rootKeyId, { after, limit: limits.rewrapKeys }),
};

export interface Rewrapped {
  readonly before: KeyRecord;
  readonly wrapped: Uint8Array;
}

interface RewrapInput {
  readonly caller: Caller;
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly items: readonly Rewrapped[];
}

export interface RewrappedKeys {
  readonly moved: number;
  readonly left: number;
}

export const rewrapKeys: Command<RewrapInput, RewrappedKeys> = {
  name: "root.rewrap",
  run: async (tx, input) => {
    const { from, to, items, at } = input;
    await demandWrapping(tx, to);
    let moved = 0;
    for (const { before, wrapped } of items) {
      if (await tx.keys.replaceWrapped(before, { rootKeyId: to, wrapped })) moved += 1;
    }
    const left = await tx.keys.wrappedCount(from);
    if (left === 0) await tx.keys.noteRootEmptied(from, at);
    if (moved > 0) {
      await tx.audit.append(
        entryOf(input, {
          organizationId: null,
          action: "key.rewrap",
          target: rootTarget(to),
          outcome: "allowed",
          because: "rotation",
          details: { from, keys: moved, left },
        }),
      );
    }
    return { moved, left };
  },
};

export const retireRootKey = mutation<RootInput, null>({
  name: "root.retire",
  action: "key.manage",
  target: ({ rootKeyId }) => rootTarget(rootKeyId),
  run: async (tx, input) => {
    const { rootKeyId, at } = input;
    const { because } = await permitOperator(tx, input, "key.manage");
    const { state } = await claimed(tx, rootKeyId);
    if (state === "retired" || state === "destroyed") throw keyNotFound();
    if (state === "current") throw keyInUse("This root key wraps; rotate to another one first.");
    await demandUnused(tx, rootKeyId);
    // One that never wrapped is only taken back.
    if (state === "added") await tx.keys.removeRoot(rootKeyId);
    else await tx.keys.changeRoot(rootKeyId, { from: "leaving", to: "retired", at });
    await note(tx, input, because, { change: state === "added" ? "withdrawn" : "retired", references: 0 });
    return null;
  },
});

/** The key itself is not the database's to destroy: from here on it does not come back. */
export const destroyRootKey = mutation<RootInput, null>({
  name: "root.destroy",
  action: "key.manage",
  target: ({ rootKeyId }) => rootTarget(rootKeyId),
  run: async (tx, input) => {
    const { rootKeyId, at } = input;
    const { because } = await permitOperator(tx, input, "key.manage");
    const { state } = await claimed(tx, rootKeyId);
    if (state === "destroyed") throw keyNotFound();
    if (state !== "retired") throw keyInUse("This root key is not retired.");
    await demandUnused(tx, rootKeyId);
    await tx.keys.changeRoot(rootKeyId, { from: "retired", to: "destroyed", at });
    await note(tx, input, because, { change: "destroyed", references: 0 });
    return null;
  },
});

/** Held until the commit: nobody can make it wrap again meanwhile. */
async function claimed(tx: Transaction, rootKeyId: string): Promise<RootKeyRecord> {
  await tx.keys.claimRoots();
  const root = (await tx.keys.rootKeys()).find(({ id }) => id === rootKeyId);
  if (root === undefined) throw keyNotFound();
  return root;
}

async function demandUnused(tx: Transaction, rootKeyId: string): Promise<void> {
  const left = await tx.keys.wrappedCount(rootKeyId);
  if (left > 0) throw keyInUse(`This root key still wraps ${left} keys; rewrap first.`);
}

async function note(
  tx: Transaction,
  input: RootInput,
  because: string,
  details: Readonly<Record<string, Json>>,
): Promise<void> {
  const target = rootTarget(input.rootKeyId);
  const parts = { organizationId: null, action: "key.manage", target, outcome: "allowed" } as const;
  await tx.audit.append(entryOf(input, { ...parts, because, details }));
}
