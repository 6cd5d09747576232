// Carries rotations to their end, a chunk at a time. What it remembers is only where to go on: after a
// restart it begins anew and finds what has not moved yet.
import { moveValues } from "../backends/moving.ts";
import { isPointer, readPointer } from "../backends/pointer.ts";
import { systemCaller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Context } from "../ports.ts";
import { type Resealed, resealValues, storedValues, unfinishedRotations } from "./reseal.ts";
import { retireTerms } from "./rotate.ts";
import { sealing } from "./sealing.ts";
import type { StoredPosition, StoredValue } from "./term.ts";

export interface Step {
  readonly moved: number;
  /** Values of this chunk that do not open: they stay where they are, and so does their term. */
  readonly damaged: number;
  /** Every value was looked at since the last end. */
  readonly ended: boolean;
  /** Whether something lies under a retired term after it. */
  readonly left: boolean;
}

export interface Resealer {
  /** One chunk of an organization; who asks while one is under way gets that one. */
  step(organizationId: string): Promise<Step>;
  /** All that is left of all rotations; answers how many values did not open. */
  work(stopped: () => boolean): Promise<number>;
  /** A new term: whatever was remembered of an older rotation does not matter any more. */
  begin(organizationId: string): void;
}

interface Rotation {
  after: StoredPosition | null;
  underWay: Promise<Step> | null;
  /** What is left did not move: not to be tried again by itself before this time. */
  restUntil: number;
}

export function resealer(ctx: Context): Resealer {
  const rotations = new Map<string, Rotation>();

  const rotationOf = (organizationId: string): Rotation => {
    const known = rotations.get(organizationId);
    if (known !== undefined) return known;
    const begun = { after: null, underWay: null, restUntil: 0 };
    rotations.set(organizationId, begun);
    return begun;
  };

  const chunk = async (organizationId: string, rotation: Rotation): Promise<Step> => {
    const limit = limits.resealRows;
    const page = await ctx.database.scan(storedValues, { organizationId, after: rotation.after, limit });
    if (page.toRetire) {
      const caller = systemCaller("rotation");
      await ctx.database.execute(retireTerms, { caller, at: ctx.clock.now(), organizationId });
    }
    const values = withinBytes(page.values);
    // Also without values: it is what notes that nothing is left.
    const done = await move(ctx, organizationId, values);
    const last = values.at(-1);
    const ended = last === undefined || (values.length === page.values.length && values.length < limit);
    rotation.after = ended ? null : { term: last.term, versionId: last.versionId };
    if (!done.left) rotations.delete(organizationId);
    return { ...done, ended: ended || !done.left };
  };

  const step = (organizationId: string): Promise<Step> => {
    const rotation = rotationOf(organizationId);
    rotation.underWay ??= chunk(organizationId, rotation).finally(() => {
      rotation.underWay = null;
    });
    return rotation.underWay;
  };

  /** One pass over an organization, from where it stands. */
  const pass = async (organizationId: string, stopped: () => boolean): Promise<number> => {
    let damaged = 0;
    while (!stopped()) {
      const done = await step(organizationId);
      damaged += done.damaged;
      if (!done.ended) continue;
      if (done.left) rotationOf(organizationId).restUntil = ctx.clock.now() + limits.resealRestMs;
      break;
    }
    return damaged;
  };

  return {
    step,
    async work(stopped) {
      let damaged = 0;
      for (let after: string | null = null; !stopped(); ) {
        const page: readonly string[] = await ctx.database.point(unfinishedRotations, { after });
        for (const organizationId of page) {
          const resting = (rotations.get(organizationId)?.restUntil ?? 0) > ctx.clock.now();
          if (!resting) damaged += await pass(organizationId, stopped);
        }
        after = page.at(-1) ?? null;
        if (page.length < limits.resealOrganizations) break;
      }
      return damaged;
    },
    begin: (organizationId) => void rotations.delete(organizationId),
  };
}

async function move(
  ctx: Context,
  organizationId: string,
  values: readonly StoredValue[],
): Promise<Omit<Step, "ended">> {
  const caller = systemCaller("rotation");
  const there = values.flatMap((stored) => {
    const pointer = readPointer(stored.sealed);
    return pointer === null ? [] : [{ stored, to: pointer.backend }];
  });
  const far = await moveValues(ctx, { caller, organizationId, action: "key.reseal", moves: there });
  const here = values.filter(({ sealed }) => !isPointer(sealed));
  return sealing(ctx, organizationId, async () => {
    const items: Resealed[] = [];
    for (const stored of here) {
      const { secretId, versionId, sealed } = stored;
      const address = { organizationId, secretId, versionId };
      try {
        items.push({ stored, value: await ctx.keyring.reseal(address, sealed, address) });
      } catch (error) {
        if (!(error instanceof CofferError) || error.code !== "value.integrity") throw error;
      }
    }
    const input = { caller, at: ctx.clock.now(), organizationId, items };
    const { moved, left } = await ctx.database.execute(resealValues, input);
    return { moved: moved + far.moved, left, damaged: here.length - items.length + far.failed };
  });
}

/** At least one, and no more than one commit should carry. */
function withinBytes(values: readonly StoredValue[]): readonly StoredValue[] {
  let bytes = 0;
  const end = values.findIndex(({ sealed }, index) => {
    bytes += sealed.length;
    return index > 0 && bytes > limits.resealBytesMax;
  });
  return end < 0 ? values : values.slice(0, end);
}
