// Root keys as the tables know them: by their ids alone, with the place of each in a rotation. Keeps:
// nothing is wrapped by another root key than the current one.
import type { Call } from "../access.ts";
import type { AuditTarget } from "../audit/entry.ts";
import type { Query, Transaction } from "../ports.ts";
import { keyRotated } from "./term.ts";

/**
 * `added` is to wrap once every node holds it; `leaving` unwraps what has not been wrapped anew yet;
 * `retired` wraps nothing here any more and may come back; `destroyed` may not.
 */
export type RootState = "added" | "current" | "leaving" | "retired" | "destroyed";

/** What keeps a root key, as far as a node knows that holds it. Nothing of it is secret. */
export interface RootKeeper {
  /** `file` and `variable` hold the key itself, `passphrase` makes it; all others keep it wrapped. */
  readonly provider: string;
  /** Of the key there that wraps it; null where there is none. */
  readonly keyId: string | null;
}

export interface RootKeyRecord {
  readonly id: string;
  readonly state: RootState;
  readonly addedAt: number;
  readonly currentAt: number | null;
  readonly emptiedAt: number | null;
  readonly retiredAt: number | null;
  readonly destroyedAt: number | null;
}

/** At most one root key is in each of these states. */
export interface RootStanding {
  readonly added: string | null;
  readonly current: string | null;
  readonly leaving: string | null;
  /** Whether the leaving one wraps nothing any more. */
  readonly emptied: boolean;
}

export function standingOf(roots: readonly RootKeyRecord[]): RootStanding {
  const of = (state: RootState) => roots.find((root) => root.state === state);
  const leaving = of("leaving");
  return {
    added: of("added")?.id ?? null,
    current: of("current")?.id ?? null,
    leaving: leaving?.id ?? null,
    emptied: leaving !== undefined && leaving.emptiedAt !== null,
  };
}

/** For the server itself: which root key it is to wrap with. */
export const readRootStanding: Query<null, RootStanding> = {
  name: "root.standing",
  run: async (tx) => standingOf(await tx.keys.rootKeys()),
};

/** Whoever wraps a key makes sure in the same transaction that its root key is the one that wraps. */
export async function demandWrapping(tx: Transaction, rootKeyId: string): Promise<void> {
  if (!(await tx.keys.isWrapping(rootKeyId))) throw keyRotated();
}

export interface OperatorCall extends Call {
  /** What operators do belongs to no organization. */
  readonly organizationId: null;
}

/** What is no id of a root key may be the key itself, pasted into the wrong place: it is not written down. */
export function rootTarget(id: string): AuditTarget {
  const known = /^rk_[0-9a-f]{16}$/.test(id);
  return { kind: "root-key", id: known ? id : null, name: null, storeId: null };
}
