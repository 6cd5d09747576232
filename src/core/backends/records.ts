// What values in other backends need of a database.
import type { Actor } from "../caller.ts";
import type { SealedValue, Secret, Version } from "../secrets/secret.ts";

/** A write into a backend whose lease has run out, or of a secret that goes. */
export interface PendingWrite {
  readonly versionId: string;
  readonly organizationId: string;
  readonly secretId: string;
  readonly backend: string;
}

export interface RemoteRow {
  readonly versionId: string;
  readonly organizationId: string;
  readonly secretId: string;
  readonly state: Version["state"];
  readonly backend: string;
  readonly writeId: string;
  readonly ref: string | null;
  readonly version: string | null;
  /** Until when a pending one may be under way. */
  readonly leaseUntil: number | null;
  readonly createdAt: number;
}

export type OwedKind = "object" | "version" | "write";

/** Something that is to go from a backend. Doing it twice does nothing more. */
export interface OwedDeletion {
  readonly id: string;
  readonly organizationId: string;
  readonly secretId: string;
  readonly backend: string;
  readonly kind: OwedKind;
  readonly ref: string | null;
  readonly version: string | null;
  /** Of the write for which it is owed; null: of all that a removed secret has there. */
  readonly writeId: string | null;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly attempts: number;
}

export interface SweepReport {
  readonly at: number;
  readonly objects: number;
  readonly versions: number;
  readonly orphans: number;
  readonly removed: number;
  /** The backend did not let them go. */
  readonly failed: number;
  /** Why nothing was removed; null: it was, or there was nothing. */
  readonly held: "first" | "share" | "guarded" | null;
}

export interface DriftReport {
  readonly at: number;
  readonly checked: number;
  readonly missing: number;
}

export interface BackendState {
  readonly name: string;
  /** Grows; the backend is told of it. */
  readonly epoch: number;
  readonly epochAt: number | null;
  /** A backend that has seen a newer database: nothing is swept until an operator says so. */
  readonly guarded: boolean;
  readonly sweptAt: number | null;
  /** The release that swept last; the first sweep of another one reports only. */
  readonly sweptBy: string | null;
  readonly report: SweepReport | null;
  readonly drift: DriftReport | null;
  readonly driftAfter: string | null;
}

export interface BackendCounts {
  readonly values: number;
  readonly pending: number;
  readonly owed: number;
  readonly oldestOwedAt: number | null;
}

export interface RemoteReader {
  /** As the database has it. */
  now(): Promise<number>;
  expired(now: number, limit: number): Promise<readonly PendingWrite[]>;
  /** Every version of the secret that has to do with another backend. */
  versionsOf(secretId: string): Promise<readonly RemoteRow[]>;
  /** Replaced versions of a secret in a backend, but for the newest `most` of them. */
  beyond(secretId: string, backend: string, most: number): Promise<readonly RemoteRow[]>;
  /** Versions that lie in a backend, by id; the current and past ones. */
  versionsIn(backend: string, after: string | null, limit: number): Promise<readonly RemoteRow[]>;
  /** Of these refs, the versions that are somebody's: all but those that were given up. */
  versionsAt(backend: string, refs: readonly string[]): Promise<readonly RemoteRow[]>;
  /** Whether there is such a secret that may be written to, or is being made. */
  isLiving(secretId: string): Promise<boolean>;
  /** But for what is owed to these backends. */
  owedDue(now: number, silent: readonly string[], limit: number): Promise<readonly OwedDeletion[]>;
  owedOf(secretIds: readonly string[]): Promise<readonly OwedDeletion[]>;
  state(backend: string): Promise<BackendState | null>;
  counts(backend: string): Promise<BackendCounts>;
  /** Replaced versions that have lain their time: by age, or beyond the number that is kept. */
  outlived(
    backend: string,
    before: number,
    kept: number,
    after: string | null,
    limit: number,
  ): Promise<readonly RemoteRow[]>;
  /** Values of a store that do not lie in this backend, by id. */
  toMigrate(
    storeId: string,
    backend: string,
    after: string | null,
    limit: number,
  ): Promise<readonly StoredElsewhere[]>;
  countIn(storeId: string, backend: string): Promise<{ readonly total: number; readonly there: number }>;
  sighted(backend: string, refs: readonly string[]): Promise<readonly Sighting[]>;
}

export interface StoredElsewhere {
  readonly versionId: string;
  readonly secretId: string;
  readonly term: number;
  readonly sealed: Uint8Array;
}

export interface Sighting {
  readonly ref: string;
  /** Empty: the object itself. */
  readonly version: string;
  readonly firstSeenAt: number;
  readonly sweep: number;
}

/** Where a version came to lie. */
export interface Landed {
  readonly backend: string;
  readonly writeId: string;
  readonly ref: string | null;
  readonly version: string | null;
}

export interface RemoteRepository extends RemoteReader {
  /** A version that is on its way: nobody sees it, and its number is none. */
  intend(
    version: Pick<Version, "id" | "secretId" | "createdAt"> & { readonly createdBy: Actor },
    parts: {
      readonly organizationId: string;
      readonly value: SealedValue;
      readonly backend: string;
      readonly owner: string;
      readonly until: number;
    },
  ): Promise<void>;
  /** False where the lease is another's by now, or has run out. */
  settle(
    version: Version,
    value: SealedValue,
    landed: Landed,
    lease: { readonly owner: string; readonly now: number },
  ): Promise<boolean>;
  /** The row of a secret that is being created, taken for its creation; false where it was given up. */
  takeCreating(secret: Secret): Promise<boolean>;
  /** False where it was settled, or given up by another. `owner` null: whose lease ran out by `now`. */
  abort(versionId: string, by: { readonly owner: string } | { readonly now: number }): Promise<boolean>;
  /** False where it is no creation that is under way. */
  abortCreation(secretId: string): Promise<boolean>;
  owe(deletion: OwedDeletion): Promise<void>;
  /**
   * Before anything is done about a debt: from then on nobody takes it back. False where another pays it, or
   * it is owed no more. If it is not paid now, it is due again at `dueAt`.
   */
  claim(owed: OwedDeletion, dueAt: number): Promise<boolean>;
  /** Why a debt that was claimed could not be paid. */
  failed(id: string, failure: string): Promise<void>;
  /** Until the commit nobody else settles what is owed for this secret. */
  settling(secretId: string): Promise<void>;
  /** False where another has settled it. */
  paid(id: string): Promise<boolean>;
  /**
   * What was owed in case a write ended half way: it did not. False where somebody has claimed the debt, or
   * paid it: what was written may be gone.
   */
  unowe(writeId: string): Promise<boolean>;
  /** The row of a secret, whatever its versions say. */
  drop(secretId: string): Promise<void>;
  /** The last of a secret that is being deleted. */
  finish(secret: Secret, at: number): Promise<boolean>;
  /** A version that was replaced and whose bytes are to go; false where it is not that. */
  retire(versionId: string): Promise<boolean>;
  forgetGivenUp(before: number, limit: number): Promise<number>;
  /** Other bytes in another place for the same version; false where these are not the ones that lie there. */
  relocate(stored: StoredElsewhere, value: SealedValue, landed: Landed): Promise<boolean>;
  /** What is unfinished in a store that goes: given up, or kept with another store until it is done. */
  clearStore(storeId: string, homeId: string): Promise<void>;
  saveState(state: BackendState): Promise<void>;
  sight(backend: string, sightings: readonly Sighting[]): Promise<void>;
  /** Sightings of sweeps before this one. */
  forgetSightings(backend: string, sweep: number): Promise<void>;
  /** Whether the lease is the owner's now, until `until`. */
  takeLease(name: string, owner: string, now: number, until: number): Promise<boolean>;
}
