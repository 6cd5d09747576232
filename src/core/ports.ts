// What the core needs from outside: a database, keys, time, ids. Storage and crypto implement
// these; nothing here knows SQL, threads or ciphers.
import type { AuditEntry, SignedHead, StoredEntry, StreamHead } from "./audit/entry.ts";
import type { AuditFilter } from "./audit/filter.ts";
import type { Refusals } from "./audit/refusals.ts";
import type { Segment, SignedSegment } from "./audit/segment.ts";
import type { Authority, Role } from "./authorize.ts";
import type { Actor, CallerKind } from "./caller.ts";
import type { Change } from "./changes.ts";
import type { Clock } from "./clock.ts";
import type { CofferError } from "./errors.ts";
import type { Grant, GrantObject, GrantSubject, HeldGrant } from "./grants/grant.ts";
import type { Ids } from "./ids.ts";
import type { Claims } from "./policies/claims.ts";
import type { Organization, Ref, TrashRule } from "./organizations/organization.ts";
import type { Position } from "./pagination.ts";
import type { Plaintext } from "./plaintext.ts";
import type { SecretFilter, SecretOrder } from "./secrets/filter.ts";
import type { SealedValue, Secret, SecretRef, Version } from "./secrets/secret.ts";
import type { Store } from "./stores/store.ts";
import type { Scope } from "./tokens/scope.ts";

// ---- the database -------------------------------------------------------------------------

/**
 * A body that writes. It travels to the engine by its name with plain data, never as a closure:
 * on SQLite it runs on the writer's thread, on PostgreSQL in this process. It awaits nothing but
 * its transaction, and may be run again from the start after a conflict between nodes.
 */
export interface Command<I, O> {
  readonly name: string;
  readonly run: (tx: Transaction, input: I) => Promise<O>;
  /**
   * What the audit trail keeps when the body refused with an error of the domain. It is appended
   * after the body's own writes were rolled back, in the same commit.
   */
  readonly refused?: (input: I, error: CofferError) => AuditEntry | null;
  /** Whose credential it acts by. Past a bound its refusals are counted, not written; see audit/bounded.ts. */
  readonly tokenOf?: (input: I) => string | null;
  /** True for a body that throws only before its first write: it needs no savepoint of its own. */
  readonly writesLast?: true;
}

/** A body that only reads, in one consistent snapshot. */
export interface Query<I, O> {
  readonly name: string;
  readonly run: (tx: ReadTransaction, input: I) => Promise<O>;
}

export interface Database {
  /** One mutation: atomic, and on disk when the promise resolves. */
  execute<I, O>(command: Command<I, O>, input: I): Promise<O>;
  /**
   * As `execute`, for bodies of which many may share one commit: the records of reveals. It is sent
   * at once; who calls it for many things gathers them first.
   */
  share<I, O>(command: Command<I, O>, input: I): Promise<O>;
  /** A few rows by their keys, on the thread that asks. Never for anything that may scan. */
  point<I, O>(query: Query<I, O>, input: I): Promise<O>;
  /** Whatever may scan: beside the requests, bounded in time. */
  scan<I, O>(query: Query<I, O>, input: I): Promise<O>;
  /** Called after a commit, here or on another node, that moved an organization's revision. */
  onRevision(listener: (organizationId: string) => void): void;
  /** Where the audit streams of this process stand, as committed. */
  heads(): readonly StreamHead[];
  /**
   * Closes this process's audit streams, each with a last entry, and lets go. The heads after
   * those entries are handed to `vouch`, and what it signs is stored before this resolves.
   */
  close(vouch?: (head: StreamHead) => SignedHead): Promise<void>;
}

/** What a reading body sees: one consistent snapshot. */
export interface ReadTransaction {
  /** Authorities seen by this thread, by credential; each holds only under its epochs. */
  readonly authorities: Map<string, CachedAuthority>;
  readonly installation: InstallationReader;
  readonly access: AccessReader;
  readonly grants: GrantReader;
  readonly organizations: OrganizationReader;
  readonly stores: StoreReader;
  readonly secrets: SecretReader;
  readonly versions: VersionReader;
  readonly changes: ChangeReader;
  readonly audit: AuditReader;
}

/** What a mutating body sees. It awaits nothing but this. */
export interface Transaction extends ReadTransaction {
  readonly installation: InstallationRepository;
  readonly access: AccessRepository;
  readonly grants: GrantRepository;
  readonly organizations: OrganizationRepository;
  readonly stores: StoreRepository;
  readonly secrets: SecretRepository;
  readonly versions: VersionRepository;
  readonly changes: ChangeRepository;
  readonly audit: AuditRepository;
}

// ---- keys of the installation ----------------------------------------------------------------

export type KeyState = "current" | "retired" | "destroyed";

/** A wrapped key as it lies in the database. `organizationId` is null for the installation key. */
export interface KeyRecord {
  readonly id: string;
  readonly organizationId: string | null;
  readonly term: number;
  readonly state: KeyState;
  readonly rootKeyId: string;
  readonly wrapped: Uint8Array;
  readonly sealsReserved: number;
  readonly createdAt: number;
}

/** A key for the server's own use, sealed under the installation key. */
export interface InternalKeyRecord {
  readonly id: string;
  readonly purpose: "audit-signing" | "fingerprint";
  readonly term: number;
  readonly sealed: Uint8Array;
  /** The public half, in the clear, so that a verifier needs no secret. SPKI, base64. */
  readonly publicKey: string | null;
  readonly createdAt: number;
}

export interface Installation {
  readonly id: string;
  readonly createdAt: number;
}

export interface InstallationReader {
  find(): Promise<Installation | null>;
  /** The terms of the installation's own key. */
  keys(): Promise<readonly KeyRecord[]>;
  organizationKeys(organizationId: string): Promise<readonly KeyRecord[]>;
  internalKeys(): Promise<readonly InternalKeyRecord[]>;
}

export interface InstallationRepository extends InstallationReader {
  insert(installation: Installation): Promise<void>;
  insertKey(key: KeyRecord): Promise<void>;
  insertInternalKey(key: InternalKeyRecord): Promise<void>;
  /** Adds to the durable count of a key's seals and answers the new total; null if it may not seal. */
  reserveSeals(keyId: string, count: number): Promise<number | null>;
  /** Whether this term still seals, read under a shared lock that rotation must wait for. */
  isCurrentTerm(organizationId: string, term: number): Promise<boolean>;
}

// ---- people and what they may ----------------------------------------------------------------

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly operator: boolean;
  readonly createdAt: number;
}

export interface TokenRecord {
  readonly id: string;
  /** Null: over all organizations of the person who made it for himself. */
  readonly organizationId: string | null;
  readonly principalKind: CallerKind;
  readonly principalId: string;
  readonly name: string;
  readonly hash: Uint8Array;
  /** As they were given. */
  readonly scopes: readonly string[] | null;
  /** What the scopes come to. */
  readonly reach: readonly Scope[] | null;
  readonly stores: readonly string[] | null;
  /** Networks from which it is accepted; null: from everywhere. */
  readonly addresses: readonly string[] | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** The trust that let a workload in; null for all other tokens. */
  readonly trustId: string | null;
  readonly lastUsedAt: number | null;
  readonly createdAt: number;
}

/** Who a token speaks for. Everyone but a person belongs to one organization. */
export interface Principal extends Actor {
  readonly organizationId: string | null;
  readonly email: string | null;
  readonly operator: boolean;
  /** The stores a service is bound to; null: all. */
  readonly stores: readonly string[] | null;
  readonly job: { readonly storeId: string; readonly claims: Claims } | null;
}

/** A token with the principal it speaks for; what authentication looks at. */
export interface Credential {
  readonly token: TokenRecord;
  readonly principal: Principal;
}

/** Raised by every change of access; what was decided under one pair holds only under that pair. */
export interface Epochs {
  readonly installation: number;
  readonly organization: number;
}

export interface CachedAuthority {
  readonly epochs: Epochs;
  readonly authority: Authority;
  readonly expiresAt: number | null;
  readonly addresses: readonly string[] | null;
}

export interface AccessReader {
  credential(tokenId: string): Promise<Credential | null>;
  principal(kind: "person" | "machine" | "service", id: string): Promise<Principal | null>;
  role(organizationId: string, personId: string): Promise<Role | null>;
  memberships(personId: string): Promise<readonly { organizationId: string; role: Role }[]>;
  epochs(organizationId: string): Promise<Epochs>;
  /** The epochs and the organization's revision: all that can make a decision out of date. */
  standing(organizationId: string): Promise<Epochs & { readonly revision: number }>;
}

export interface AccessRepository extends AccessReader {
  insertPerson(person: Person): Promise<void>;
  insertMembership(membership: {
    readonly id: string;
    readonly organizationId: string;
    readonly personId: string;
    readonly role: Role;
    readonly createdAt: number;
  }): Promise<void>;
  insertToken(token: TokenRecord): Promise<void>;
  /** The first person of the installation, who owns what `init --recover` opens again. */
  firstOperator(): Promise<Person | null>;
  startEpoch(scope: string): Promise<void>;
  raiseEpoch(organizationId: string): Promise<void>;
  raiseInstallationEpoch(): Promise<void>;
}

export interface GrantReader {
  /** What a person or machine holds in the organization, directly or by groups. */
  heldBy(organizationId: string, kind: "person" | "machine", id: string): Promise<readonly HeldGrant[]>;
  /** In order of object and subject, after the given one; a part that is null is any. */
  list(
    organizationId: string,
    filter: { readonly subject: GrantSubject | null; readonly object: GrantObject | null },
    page: { readonly after: Grant | null; readonly limit: number },
  ): Promise<readonly Grant[]>;
}

export interface GrantRepository extends GrantReader {
  /** Sets the level; false where it was that already. */
  put(organizationId: string, grant: Grant, at: number): Promise<boolean>;
  /** False where there was none. */
  remove(organizationId: string, subject: GrantSubject, object: GrantObject): Promise<boolean>;
  /** All grants to a subject, or on an object, that is gone. */
  forgetSubject(organizationId: string, subject: GrantSubject): Promise<void>;
  forgetObject(organizationId: string, object: GrantObject): Promise<void>;
}

// ---- organizations and stores ----------------------------------------------------------------

export interface OrganizationReader {
  find(ref: Ref): Promise<Organization | null>;
  /** Those where the person has a membership, by slug. */
  listFor(personId: string, page: { after: string | null; limit: number }): Promise<readonly Organization[]>;
}

export interface OrganizationRepository extends OrganizationReader {
  insert(organization: Organization): Promise<void>;
  update(
    id: string,
    change: {
      readonly name: string;
      readonly trash: TrashRule;
      readonly membersCreate: boolean;
      readonly limits: Organization["limits"];
    },
  ): Promise<void>;
  /**
   * Takes `count` revisions and adjusts the usage counters in one statement; answers the last
   * revision taken and the usage after. It locks the organization's row until the commit, so
   * revision order is commit order. Call it as late as the body allows.
   */
  advance(
    id: string,
    by: { readonly revisions: number; readonly secrets: number; readonly stores: number },
  ): Promise<{ readonly revision: number; readonly secrets: number; readonly stores: number }>;
}

export interface StoreReader {
  find(organizationId: string, ref: Ref): Promise<Store | null>;
  slugs(organizationId: string, slug: string): Promise<readonly string[]>;
  /** Whether any store of the organization has exactly this name. */
  hasName(organizationId: string, name: string): Promise<boolean>;
  /** By slug, after the given one; `only` these ids where it is not null. */
  list(
    organizationId: string,
    page: { after: string | null; limit: number; only: readonly string[] | null },
  ): Promise<readonly Store[]>;
}

export interface StoreRepository extends StoreReader {
  /** Throws `store.slug_taken`: the unique index decides, not a SELECT before. */
  insert(store: Store): Promise<void>;
  update(store: Store): Promise<void>;
  remove(id: string): Promise<void>;
}

// ---- secrets ---------------------------------------------------------------------------------

/** A secret with its current value as it is sealed; what a reveal reads, in one statement. */
export interface SealedSecret {
  readonly secret: Secret;
  readonly sealed: Uint8Array | null;
}

export interface SecretReader {
  find(storeId: string, ref: SecretRef): Promise<Secret | null>;
  /** By id anywhere in the organization, in any state. */
  get(organizationId: string, id: string): Promise<Secret | null>;
  findSealed(storeId: string, ref: SecretRef): Promise<SealedSecret | null>;
  /** Live secrets whose name differs at most in letter case; two are enough to know. */
  findFolded(storeId: string, name: string): Promise<readonly Secret[]>;
  list(query: SecretQuery): Promise<readonly Secret[]>;
  count(filter: SecretFilter): Promise<number>;
  /** The sort position of a secret which a cursor names, also shortly after its purge. */
  positionOf(organizationId: string, id: string): Promise<{ createdAt: number } | null>;
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
  /** Trashed secrets whose store goes find their home in another one. */
  rehome(ids: readonly string[], storeId: string): Promise<void>;
  /** The row and all its versions go; a tombstone keeps the place for cursors. */
  purge(secret: Secret, at: number): Promise<void>;
  sweepTombstones(before: number): Promise<void>;
}

export interface VersionReader {
  list(secretId: string, page: { before: number | null; limit: number }): Promise<readonly Version[]>;
  sealed(secretId: string, number: number): Promise<{ version: Version; sealed: Uint8Array } | null>;
  fingerprint(versionId: string): Promise<Uint8Array | null>;
}

export interface VersionRepository extends VersionReader {
  insert(version: Version, organizationId: string, value: SealedValue): Promise<void>;
  supersede(versionId: string): Promise<void>;
  /** Forgets values older than the newest `keep` of a secret. */
  prune(secretId: string, keep: number, current: number): Promise<void>;
}

// ---- feed and audit --------------------------------------------------------------------------

export interface ChangeReader {
  /** In revision order, after `since`. */
  list(organizationId: string, since: number, limit: number): Promise<readonly Change[]>;
  /** The newest revision that is no longer told, 0 where none was forgotten. */
  forgottenUpTo(organizationId: string): Promise<number>;
}

export interface ChangeRepository extends ChangeReader {
  append(changes: readonly Change[]): Promise<void>;
  /** Forgets all but the newest `keep`, a bounded number at a time. */
  prune(organizationId: string, upTo: number): Promise<void>;
}

/** A stream whose oldest entry is old enough to go. */
export interface DueStream {
  readonly id: string;
  readonly node: string;
  readonly openedAt: number;
  /** Null while some process may still append to it. */
  readonly closed: { readonly at: number; readonly seq: number; readonly hash: Uint8Array } | null;
  /** Of the oldest entry that is still there. */
  readonly firstSeq: number;
}

export interface AuditReader {
  list(
    filter: AuditFilter,
    page: { before: Position | null; limit: number },
  ): Promise<readonly StoredEntry[]>;
  /** Streams with an oldest entry from before `at`, by id, after the given one. */
  due(at: number, after: string, limit: number): Promise<readonly DueStream[]>;
  /** The entries of one stream after a sequence. */
  entriesOf(stream: string, after: number, limit: number): Promise<readonly StoredEntry[]>;
  /** The newest record of removed entries: of all streams, of one. */
  newestSegment(): Promise<SignedSegment | null>;
  lastSegment(stream: string): Promise<SignedSegment | null>;
  /** When the newest head was signed, on whichever node. */
  newestHeadAt(): Promise<number | null>;
}

export interface AuditRepository extends AuditReader {
  /** Chains the entry to this connection's stream. The head is adopted when the commit succeeds. */
  append(entry: AuditEntry): Promise<void>;
  saveHead(head: SignedHead): Promise<void>;
  /** Whether that entry stands so, and is not the last one of a stream that may still grow. */
  mayRemove(stream: string, lastSeq: number, hash: string): Promise<boolean>;
  insertSegment(segment: SignedSegment): Promise<void>;
  /** Removes rows that a record covers, the newest first, at most `limit`; answers how many. */
  removeRecorded(stream: string, limit: number): Promise<number>;
}

// ---- keys ------------------------------------------------------------------------------------

/** What a sealed value is bound to: opened under any other address it is an error. */
export interface Address {
  readonly organizationId: string;
  readonly secretId: string;
  readonly versionId: string;
}

export interface Keyring {
  readonly installationId: string;
  /** Seals under the organization's current term; reserves a block of seals first when one ran out. */
  seal(address: Address, value: Plaintext): Promise<SealedValue>;
  /** Throws `value.integrity`, naming the secret, when the bytes do not belong to the address. */
  open(address: Address, sealed: Uint8Array): Promise<Plaintext>;
  /** From one address to another without the value leaving the keyring. */
  reseal(from: Address, sealed: Uint8Array, to: Address): Promise<SealedValue>;
  /** The keyed hash that `seal` stores, for comparing a value with a stored one. */
  fingerprint(address: Address, value: Plaintext): Uint8Array;
  /** The first term of a new organization, to be inserted in the organization's own transaction. */
  newOrganizationKey(organizationId: string, at: number): KeyRecord;
  signHead(head: StreamHead, at: number): SignedHead;
  signSegment(segment: Segment): SignedSegment;
}

/** What the operations of the core stand on. */
export interface Context {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly refusals: Refusals;
}
