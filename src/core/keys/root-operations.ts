// What operators may do with the root key. The steps of its rotation are bodies of their own
// (root-rotation.ts); what is remembered here is only where the next chunk goes on.
import { type Caller, systemCaller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import type { Context } from "../ports.ts";
import type { Step } from "./resealer.ts";
import { type OperatorCall, type RootStanding, readRootStanding } from "./root.ts";
import {
  addRootKey,
  destroyRootKey,
  promoteRootKey,
  type Rewrapped,
  retireRootKey,
  rewrapKeys,
  rootStandingToRotate,
  wrappedKeys,
} from "./root-rotation.ts";
import { termTarget } from "./term.ts";

export interface RootKeyOperations {
  /** Reads the server's root keys again and adds the one that its provider would have wrap. */
  rotate(caller: Caller): Promise<void>;
  /**
   * The next step: the added root key becomes the one that wraps, if every node holds it; then some of
   * the keys that the older one wraps are wrapped anew. To be called until it has ended.
   */
  rewrap(caller: Caller): Promise<Step>;
  retire(caller: Caller, rootKeyId: string): Promise<void>;
  destroy(caller: Caller, rootKeyId: string): Promise<void>;
  /** The server's own: wraps anew what an older root key still wraps; answers how many keys do not open. */
  readonly work: (stopped: () => boolean) => Promise<number>;
}

export function operatorCall(ctx: Context, caller: Caller): OperatorCall {
  return { ...callOf(ctx, caller), organizationId: null };
}

/** Refuses who may not, before anything is read or unwrapped for him. */
export function permitRotation(ctx: Context, caller: Caller): Promise<RootStanding> {
  const reading = {
    query: rootStandingToRotate,
    action: "key.manage",
    target: termTarget(null),
    where: "point",
  } as const;
  return read(ctx, reading, operatorCall(ctx, caller));
}

const nothingLeft: Step = { moved: 0, damaged: 0, ended: true, left: false };

export function rootKeyOperations(ctx: Context): RootKeyOperations {
  const { database, keyring } = ctx;
  let position: { readonly from: string; readonly after: string } | null = null;
  let underWay: Promise<Step> | null = null;
  /** What is left did not unwrap: not to be tried again by itself before this time. */
  let restUntil = 0;

  const chunk = async (from: string, to: string): Promise<Step> => {
    const after = position?.from === from ? position.after : null;
    const keys = await database.scan(wrappedKeys, { rootKeyId: from, after });
    const items: Rewrapped[] = [];
    for (const before of keys) {
      try {
        items.push({ before, wrapped: keyring.rewrap(before, to) });
      } catch (error) {
        if (!(error instanceof CofferError) || error.code !== "value.integrity") throw error;
      }
    }
    const call = { caller: systemCaller("rotation"), at: ctx.clock.now() };
    const { moved, left } = await database.execute(rewrapKeys, { ...call, from, to, items });
    const ended = left === 0 || keys.length < limits.rewrapKeys;
    const last = keys.at(-1);
    position = ended || last === undefined ? null : { from, after: last.id };
    return { moved, damaged: keys.length - items.length, ended, left: left > 0 };
  };

  /** Who asks while a chunk is under way gets that one. */
  const step = async ({ leaving, current, emptied }: RootStanding): Promise<Step> => {
    if (leaving === null || current === null || emptied) return nothingLeft;
    underWay ??= chunk(leaving, current).finally(() => {
      underWay = null;
    });
    return underWay;
  };

  const lacksOneOf = (ids: readonly (string | null)[]) => {
    const { known } = keyring.rootKeys();
    return ids.some((id) => id !== null && !known.includes(id));
  };

  return {
    async rotate(caller) {
      await permitRotation(ctx, caller);
      await keyring.rereadRoots();
      await ctx.announce();
      const { active: rootKeyId, held } = keyring.rootKeys();
      await database.execute(addRootKey, { ...operatorCall(ctx, caller), rootKeyId, held });
    },
    async rewrap(caller) {
      const standing = await permitRotation(ctx, caller);
      const { added } = standing;
      if (added === null) return step(standing);
      const { held } = keyring.rootKeys();
      await database.execute(promoteRootKey, { ...operatorCall(ctx, caller), rootKeyId: added, held });
      keyring.wrapUnder(added);
      position = null;
      restUntil = 0;
      return { moved: 0, damaged: 0, ended: false, left: true };
    },
    async retire(caller, rootKeyId) {
      await database.execute(retireRootKey, { ...operatorCall(ctx, caller), rootKeyId });
    },
    async destroy(caller, rootKeyId) {
      await database.execute(destroyRootKey, { ...operatorCall(ctx, caller), rootKeyId });
    },
    async work(stopped) {
      let damaged = 0;
      while (!stopped() && ctx.clock.now() >= restUntil) {
        const standing = await database.point(readRootStanding, null);
        // Another node has them.
        if (lacksOneOf([standing.current, standing.leaving])) break;
        const done = await step(standing);
        damaged += done.damaged;
        if (done.ended && !done.left) break;
        if (done.ended) restUntil = ctx.clock.now() + limits.resealRestMs;
      }
      return damaged;
    },
  };
}
