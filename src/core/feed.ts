// The change feed as a caller reads it: what he may list, in revision order, waiting if he wishes. When
// what he may list has changed he is told to start over, before anything else and while he waits too.
// A place in the feed belongs to the credential that read it: another one starts by listing.
import { type Access, admit, namedIn, permitStores } from "./access.ts";
import { authorize } from "./authorize.ts";
import type { Caller } from "./caller.ts";
import type { Change, ToldChange } from "./changes.ts";
import { CofferError } from "./errors.ts";
import { limits } from "./limits.ts";
import { callOf, type OrganizationCall, read } from "./operation.ts";
import type { Directory } from "./organizations/directory.ts";
import type { Ref } from "./organizations/organization.ts";
import type { Context, Query, ReadTransaction } from "./ports.ts";
import { waitingRoom } from "./waiting-room.ts";

interface ChangesInput extends OrganizationCall {
  readonly since: number;
  readonly limit: number;
}

export interface ChangePage {
  readonly items: readonly ToldChange[];
  /** Where to go on from: the last revision looked at, shown or not. */
  readonly revision: number;
}

export const listChanges: Query<ChangesInput, ChangePage> = {
  name: "changes.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permitStores(access, "secret.list");
    const { revision } = access.organization;
    const from = await toldFrom(tx, access, input);
    if (from === null) {
      throw new CofferError(
        "feed.too_old",
        "That revision is not told any more; list anew and go on from there.",
        {
          revision,
        },
      );
    }
    const changes = await tx.changes.list(input.organizationId, from, input.limit);
    // By name too: a credential's scopes may name what it lists.
    const lists: Lists = (storeId, name) => {
      const target = storeId === null || name === null ? null : namedIn({ id: storeId }, name);
      return authorize(access.authority, "secret.list", target ?? { kind: "store", storeId }).allowed;
    };
    return {
      items: changes.flatMap((change) => shown(change, lists) ?? []),
      revision: changes.length < input.limit ? revision : (changes.at(-1)?.revision ?? revision),
    };
  },
};

/** From where on all that a caller may list is told; null: not from there on. */
async function toldFrom(tx: ReadTransaction, access: Access, input: ChangesInput): Promise<number | null> {
  const { organizationId, since } = input;
  // A revision from the future comes from a history that a restore has ended.
  if (since > access.organization.revision) return null;
  if (since < (await tx.changes.forgottenUpTo(organizationId))) return null;
  const begun = await tx.changes.accessChangedAt(organizationId, access.authority.principalId);
  // Who knows nothing yet is told what happened since he came: what left a place before that is none of his.
  if (since === 0) return begun;
  return since >= begun ? since : null;
}

/** Whether the caller may list what has that name in a store; null: whatever its name is. */
type Lists = (storeId: string | null, name: string | null) => boolean;

/** A change as the caller may know it; null where it is none of his. */
export function shown(change: Change, lists: Lists): ToldChange | null {
  const { kind, storeId, storeIdBefore, nameBefore } = change;
  if (kind === "access.changed") return null;
  const told = { ...change, kind };
  const ofSecret = kind.startsWith("secret.");
  const moved = storeIdBefore !== null || (ofSecret && nameBefore !== null);
  const listedBefore =
    moved && lists(storeIdBefore ?? storeId, ofSecret ? (nameBefore ?? change.name) : null);
  if (lists(storeId, ofSecret ? change.name : null)) {
    const hidden = moved && !listedBefore;
    return hidden ? { ...told, storeIdBefore: null, nameBefore: null, labelsBefore: null } : told;
  }
  if (!listedBefore) return null;
  // It left what he may list: he hears that, and nothing of where it is and how it is called there.
  return {
    ...told,
    storeId: storeIdBefore ?? storeId,
    storeIdBefore: null,
    storeSlug: storeIdBefore === null ? change.storeSlug : null,
    name: nameBefore ?? change.name,
    nameBefore: null,
    after: null,
  };
}

export interface FeedOperations {
  /** Answers at once if something changed, else after `waitSeconds` or the first change. */
  changes(
    caller: Caller,
    org: Ref,
    since: number,
    options: { waitSeconds: number; limit: number },
  ): Promise<ChangePage>;
  /** Lets all waiters go, for a server that stops. */
  release(): void;
  /** Nobody waits any more: who asks again and again must end. */
  readonly released: boolean;
  /** How many wait or read right now. */
  readonly waiters: number;
}

export function feedOperations(ctx: Context, directory: Directory): FeedOperations {
  const bells = waitingRoom();
  ctx.database.onRevision(bells.ring);
  const tell = ({ items }: ChangePage) => {
    const last = items.at(-1);
    if (last !== undefined) ctx.measures.told(Math.max(0, ctx.clock.now() - last.at));
  };

  return {
    async changes(caller, org, since, { waitSeconds, limit }) {
      const target = { kind: "organization", id: null, name: null, storeId: null };
      const { id } = await directory.locate(caller, org, "secret.list", target);
      // Not by the clock: set back while somebody waits, it would have him wait as much longer.
      const untilMs = performance.now() + Math.min(waitSeconds, limits.feedWaitSecondsMax) * 1_000;
      const reading = { query: listChanges, action: "secret.list", target, where: "point" } as const;
      let waited = false;
      for (let from = since; ; ) {
        // Before reading: what is committed while this reads must not pass unheard.
        const bell = bells.enter(id);
        try {
          const input = { ...callOf(ctx, caller), organizationId: id, since: from, limit };
          const page = await read(ctx, reading, input);
          const leftMs = untilMs - performance.now();
          if (page.items.length > 0 || leftMs <= 0 || bells.closed) {
            if (waited) tell(page);
            return page;
          }
          waited = true;
          from = page.revision;
          await bell.heard(leftMs);
        } finally {
          bell.leave();
        }
      }
    },
    release: bells.close,
    get released() {
      return bells.closed;
    },
    get waiters() {
      return bells.count;
    },
  };
}
