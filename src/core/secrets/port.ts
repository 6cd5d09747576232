// What secrets and their versions need of a database.
import type { Position } from "../pagination.ts";
import type { SecretFilter, SecretOrder } from "./filter.ts";
import type { Placed } from "./position.ts";
import type { SealedValue, Secret, SecretRef, Version } from "./secret.ts";

/** A secret with its current value as it is sealed; what a reveal reads, in one statement. */
export interface SealedSecret {
  readonly secret: Secret;
  readonly sealed: Uint8Array | null;
}

export interface SecretReader {
  find(storeId: string, ref: SecretRef): Promise<Secret | null>;
  /** By id anywhere in the organization, in any state. */
  get(organizationId: string, id: string): Promise<Secret | null>;
  /** The same for many, in their order. */
  getAll(organizationId: string, ids: readonly string[]): Promise<readonly (Secret | null)[]>;
  findSealed(storeId: string, ref: SecretRef): Promise<SealedSecret | null>;
  /** The same for many, in their order. */
  findAllSealed(storeId: string, refs: readonly SecretRef[]): Promise<readonly (SealedSecret | null)[]>;
  /** Live secrets whose name differs at most in letter case; two are enough to know. */
  findFolded(storeId: string, name: string): Promise<readonly Secret[]>;
  list(query: SecretQuery): Promise<readonly Secret[]>;
  count(filter: SecretFilter): Promise<number>;
  /** What places a secret of the store that a cursor names, in whatever state, also shortly after its purge. */
  placed(storeId: string, id: string): Promise<Placed | null>;
  /** Ids in one store and state, in order of creation, for work in chunks. */
  idsIn(
    storeId: string,
    state: "active" | "trashed",
    after: string | null,
    limit: number,
  ): Promise<readonly string[]>;
  /** Trashed secrets whose time has come. */
  duePurge(at: number, limit: number): Promise<readonly { id: string; organizationId: string }[]>;
  /** What an audit digest covers beside the metadata: the sealed bytes of the current version. */
  sealedOf(versionId: string): Promise<Uint8Array | null>;
}

export interface SecretQuery {
  readonly filter: SecretFilter;
  readonly order: SecretOrder;
  readonly direction: "asc" | "desc";
  readonly after: Position | null;
  readonly offset: number;
  readonly limit: number;
  /** What has exactly this name comes before all others; pages then begin by their offset alone. */
  readonly exactFirst?: string;
}

/** What decides whether an answer prepared before the commit still holds. */
export interface SecretStanding {
  readonly revision: number;
  readonly state: Secret["state"];
}

export interface SecretRepository extends SecretReader {
  /** Throws `secret.name_taken`. */
  insert(secret: Secret): Promise<void>;
  /**
   * Writes every field of `secret` but `lastReadAt`, which moves by itself, if the row still
   * stands at `revision`; false if another writer was faster. Throws `secret.name_taken`.
   */
  update(secret: Secret, revision: number): Promise<boolean>;
  standing(id: string): Promise<SecretStanding | null>;
  /** Moves the time of the last read, unless it was moved after `unlessAfter` already. */
  touchRead(id: string, at: number, unlessAfter: number): Promise<void>;
  /** Trashed secrets whose store goes are kept with another one, and are of none. */
  rehome(ids: readonly string[], storeId: string): Promise<void>;
  /**
   * The row, its versions and the grants on it go; a tombstone keeps the place for cursors. False where
   * something of it lies in another backend: then only the grants went.
   */
  purge(secret: Secret, at: number): Promise<boolean>;
  /** Answers how many it forgot, the oldest of them. */
  sweepTombstones(before: number, limit: number): Promise<number>;
}

export interface VersionReader {
  list(secretId: string, page: { before: number | null; limit: number }): Promise<readonly Version[]>;
  sealed(secretId: string, number: number): Promise<{ version: Version; sealed: Uint8Array } | null>;
  fingerprint(versionId: string): Promise<Uint8Array | null>;
  /** By its own id anywhere in the organization. */
  find(organizationId: string, id: string): Promise<Version | null>;
  /** The one that took the place of this number. */
  next(secretId: string, number: number): Promise<Version | null>;
}

export interface VersionRepository extends VersionReader {
  insert(version: Version, organizationId: string, value: SealedValue): Promise<void>;
  supersede(versionId: string): Promise<void>;
  /** One that is not current, for good. */
  remove(versionId: string): Promise<void>;
  /** Forgets values older than the newest `keep` of a secret. */
  prune(secretId: string, keep: number, current: number): Promise<void>;
}
