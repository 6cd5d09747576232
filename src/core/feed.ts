// The change feed as a caller reads it: what he may list, in revision order, waiting if he wishes.
import { admit, permitStores } from "./access.ts";
import { authorize } from "./authorize.ts";
import type { Caller } from "./caller.ts";
import type { Change } from "./changes.ts";
import { CofferError } from "./errors.ts";
import { limits } from "./limits.ts";
import { callOf, type OrganizationCall, read } from "./operation.ts";
import type { Directory } from "./organizations/directory.ts";
import type { Ref } from "./organizations/organization.ts";
import type { Context, Query } from "./ports.ts";
import { waitingRoom } from "./waiting-room.ts";

interface ChangesInput extends OrganizationCall {
  readonly since: number;
  readonly limit: number;
}

export interface ChangePage {
  readonly items: readonly Change[];
  /** Where to go on from: the last revision looked at, shown or not. */
  readonly revision: number;
}

export const listChanges: Query<ChangesInput, ChangePage> = {
  name: "changes.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permitStores(access, "secret.list");
    const { revision } = access.organization;
    // A revision from the future comes from a history that a restore has ended.
    if (input.since > revision || input.since < (await tx.changes.forgottenUpTo(input.organizationId))) {
      throw new CofferError(
        "feed.too_old",
        "That revision is not told any more; list anew and go on from there.",
        {
          revision,
        },
      );
    }
    const changes = await tx.changes.list(input.organizationId, input.since, input.limit);
    const items = changes.filter(
      ({ storeId }) => authorize(access.authority, "secret.list", { kind: "store", storeId }).allowed,
    );
    return {
      items,
      revision: changes.length < input.limit ? revision : (changes.at(-1)?.revision ?? revision),
    };
  },
};

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
}

export function feedOperations(ctx: Context, directory: Directory): FeedOperations {
  const bells = waitingRoom();
  ctx.database.onRevision(bells.ring);

  return {
    async changes(caller, org, since, { waitSeconds, limit }) {
      const target = { kind: "organization", id: null, name: null, storeId: null };
      const { id } = await directory.locate(caller, org, "secret.list", target);
      const deadline = ctx.clock.now() + Math.min(waitSeconds, limits.feedWaitSecondsMax) * 1_000;
      const reading = { query: listChanges, action: "secret.list", target, where: "point" } as const;
      for (let from = since; ; ) {
        // Before reading: what is committed while this reads must not pass unheard.
        const bell = bells.enter(id);
        try {
          const input = { ...callOf(ctx, caller), organizationId: id, since: from, limit };
          const page = await read(ctx, reading, input);
          const left = deadline - ctx.clock.now();
          if (page.items.length > 0 || left <= 0 || bells.closed) return page;
          from = page.revision;
          await bell.heard(left);
        } finally {
          bell.leave();
        }
      }
    },
    release: bells.close,
  };
}
