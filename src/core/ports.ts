// What the core needs from outside: a database, keys, time, ids. Storage and crypto implement
// these; nothing here knows SQL, threads or ciphers.
import type { AuditEntry, SignedHead, StreamHead } from "./audit/entry.ts";
import type { Refusals } from "./audit/refusals.ts";
import type { AuditReader, AuditRepository } from "./audit/trail.ts";
import type { Authority, Role } from "./authorize.ts";
import type { Backends } from "./backends/backends.ts";
import type { RemoteReader, RemoteRepository } from "./backends/records.ts";
import type { Actor, Caller, CallerKind } from "./caller.ts";
import type { Change } from "./changes.ts";
import type { Clock } from "./clock.ts";
import type { DocumentReader, DocumentRepository } from "./documents/port.ts";
import type { CofferError } from "./errors.ts";
import type { GrantReader, GrantRepository } from "./grants/port.ts";
import type { GroupReader, GroupRepository } from "./groups/port.ts";
import type { Ids } from "./ids.ts";
import type { JobRepository } from "./jobs/port.ts";
import type { Keyring, Minting } from "./keys/keyring.ts";
import type { KeyReader, KeyRepository } from "./keys/port.ts";
import type { MachineReader, MachineRepository } from "./machines/port.ts";
import type { Measures } from "./measures.ts";
import type { Organization, Ref, TrashRule } from "./organizations/organization.ts";
import type { EndedReader, EndedRepository } from "./organizations/port.ts";
import type { PeopleReader, PeopleRepository } from "./people/port.ts";
import type { Claims } from "./policies/claims.ts";
import type { RestoreReader, RestoreRepository } from "./restores/port.ts";
import type { SecretReader, SecretRepository, VersionReader, VersionRepository } from "./secrets/port.ts";
import type { ServiceReader, ServiceRepository } from "./services/port.ts";
import type { Store, StoreOrder } from "./stores/store.ts";
import type { TokenReader, TokenRepository } from "./tokens/port.ts";
import type { Scope, ScopeNames } from "./tokens/scope.ts";
import type { TrustReader, TrustRepository, Workloads } from "./trusts/port.ts";

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
  /** True for what a caller adds to the database; it is refused first when space is short. */
  readonly grows?: true;
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
  /**
   * Called after a commit, here or on another node, that moved an organization's revision or anybody's
   * access to it; with `everyOrganization` where it concerns all.
   */
  onRevision(listener: (organizationId: string) => void): void;
  /** Where the audit streams of this process stand, as committed. */
  heads(): readonly StreamHead[];
  /**
   * Closes this process's audit streams, each with a last entry, and lets go. The heads after
   * those entries are handed to `vouch`, and what it signs is stored before this resolves, or logged as lost.
   */
  close(vouch?: (head: StreamHead) => SignedHead): Promise<void>;
}

/** What a reading body sees: one consistent snapshot. */
export interface ReadTransaction {
  readonly authorities: Authorities;
  readonly installation: InstallationReader;
  readonly restores: RestoreReader;
  readonly keys: KeyReader;
  readonly access: AccessReader;
  readonly tokens: TokenReader;
  readonly grants: GrantReader;
  readonly groups: GroupReader;
  readonly machines: MachineReader;
  readonly services: ServiceReader;
  readonly people: PeopleReader;
  readonly trusts: TrustReader;
  readonly organizations: OrganizationReader;
  readonly ended: EndedReader;
  readonly stores: StoreReader;
  readonly documents: DocumentReader;
  readonly secrets: SecretReader;
  readonly versions: VersionReader;
  readonly remote: RemoteReader;
  readonly changes: ChangeReader;
  readonly audit: AuditReader;
}

/** What a mutating body sees. It awaits nothing but this. */
export interface Transaction extends ReadTransaction {
  readonly installation: InstallationRepository;
  readonly restores: RestoreRepository;
  readonly keys: KeyRepository;
  readonly access: AccessRepository;
  readonly tokens: TokenRepository;
  readonly jobs: JobRepository;
  readonly grants: GrantRepository;
  readonly groups: GroupRepository;
  readonly machines: MachineRepository;
  readonly services: ServiceRepository;
  readonly people: PeopleRepository;
  readonly trusts: TrustRepository;
  readonly organizations: OrganizationRepository;
  readonly ended: EndedRepository;
  readonly stores: StoreRepository;
  readonly documents: DocumentRepository;
  readonly secrets: SecretRepository;
  readonly versions: VersionRepository;
  readonly remote: RemoteRepository;
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
  readonly purpose:
    | "audit-signing"
    | "fingerprint"
    | "token-signing"
    | "transport"
    | "remote-values"
    | "tls-authority";
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
  /** False where one stands: there is never another. */
  insert(installation: Installation): Promise<boolean>;
  insertKey(key: KeyRecord): Promise<void>;
  insertInternalKey(key: InternalKeyRecord): Promise<void>;
  /** Adds to the durable count of a key's seals and answers the new total; null if it may not seal. */
  reserveSeals(keyId: string, count: number): Promise<number | null>;
  /** Whether this term still seals, read under a shared lock that rotation must wait for. */
  isCurrentTerm(organizationId: string, term: number): Promise<boolean>;
}

// ---- people and what they may ----------------------------------------------------------------

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

/** Authorities seen before, by credential and organization; each holds only under its epochs. */
export interface Authorities {
  get(key: string): CachedAuthority | undefined;
  set(key: string, authority: CachedAuthority): void;
  /** What a body does from here on rests on it. */
  rests(on: Decided): void;
}

/** Who a caller was found to be. */
export interface Decided {
  readonly call: { readonly caller: Caller; readonly at: number };
  /** Null: in the whole installation. */
  readonly organizationId: string | null;
  readonly authority: Authority;
}

export interface AccessReader {
  credential(tokenId: string): Promise<Credential | null>;
  principal(kind: "person" | "machine" | "service", id: string): Promise<Principal | null>;
  role(organizationId: string, personId: string): Promise<Role | null>;
  memberships(personId: string): Promise<readonly { organizationId: string; role: Role }[]>;
  epochs(organizationId: string): Promise<Epochs>;
  installationEpoch(): Promise<number>;
  /** The epochs and the organization's revision: all that can make a decision out of date. */
  standing(organizationId: string): Promise<Epochs & { readonly revision: number }>;
}

export interface AccessRepository extends AccessReader {
  insertToken(token: TokenRecord): Promise<void>;
  /** All tokens of a principal that is gone, at most `limit`; answers how many. */
  removeTokens(kind: CallerKind, principalId: string, limit: number): Promise<number>;
  startEpoch(scope: string): Promise<void>;
  /** The epochs, held against who would raise one until the commit. */
  holdEpochs(organizationId: string): Promise<Epochs>;
  raiseEpoch(organizationId: string): Promise<void>;
  raiseInstallationEpoch(): Promise<void>;
}

// ---- organizations and stores ----------------------------------------------------------------

export interface OrganizationReader {
  /** Null also for one that is deleted, although not all of it may be gone. */
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

export interface StorePage {
  /** A slug; in another order pages begin by their offset alone. */
  readonly after: string | null;
  readonly offset: number;
  readonly limit: number;
  readonly only: readonly string[] | null;
  /** Absent: by slug. */
  readonly order?: StoreOrder;
}

export interface StoreReader {
  find(organizationId: string, ref: Ref): Promise<Store | null>;
  slugs(organizationId: string, slug: string): Promise<readonly string[]>;
  /** Whether any store of the organization has exactly this name. */
  hasName(organizationId: string, name: string): Promise<boolean>;
  /** By slug, after the given one, unless another order is asked for; `only` these ids where it is not null. */
  list(organizationId: string, page: StorePage): Promise<readonly Store[]>;
  /** Of all, or of `only` these. */
  count(organizationId: string, only: readonly string[] | null): Promise<number>;
}

export interface StoreRepository extends StoreReader {
  /** Throws `store.slug_taken`: the unique index decides, not a SELECT before. */
  insert(store: Store): Promise<void>;
  /** False where it does not stand at `revision` any more. Throws `store.slug_taken`. */
  update(store: Store, revision: number): Promise<boolean>;
  remove(id: string): Promise<void>;
}

// ---- feed and audit --------------------------------------------------------------------------

export interface ChangeReader {
  /** In revision order, after `since`. */
  list(organizationId: string, since: number, limit: number): Promise<readonly Change[]>;
  /** The newest revision that is no longer told, 0 where none was forgotten. */
  forgottenUpTo(organizationId: string): Promise<number>;
  /** The newest revision that tells of a change to what this principal may list, 0 where none does. */
  accessChangedAt(organizationId: string, principalId: string): Promise<number>;
  /**
   * Whether anything was told since that time about these stores and secrets or about this principal's
   * access; also where it is not known any more. No stores: all of them.
   */
  movedSince(
    organizationId: string,
    since: number,
    of: {
      readonly principalId: string;
      readonly storeIds: readonly string[] | null;
      readonly secretIds: readonly string[];
    },
  ): Promise<boolean>;
}

export interface ChangeRepository extends ChangeReader {
  append(changes: readonly Change[]): Promise<void>;
  /** Forgets all but the newest `keep`, a bounded number at a time. */
  prune(organizationId: string, upTo: number): Promise<void>;
}

// ---- what operations stand on ----------------------------------------------------------------

export type { Address, Keyring, Minted, MintedAccessToken, Minting } from "./keys/keyring.ts";

/** What the operations of the core stand on. */
export interface Context {
  readonly database: Database;
  readonly keyring: Keyring;
  readonly backends: Backends;
  readonly minting: Minting;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly refusals: Refusals;
  readonly workloads: Workloads;
  /** What the dialects' own scopes mean. */
  readonly scopeNames: ScopeNames;
  /** What is refused to a job or a service is missing to it. */
  readonly hidesRefused: boolean;
  /** Says to the other nodes, where there may be any, which root keys this one holds. */
  readonly announce: () => Promise<void>;
  readonly measures: Measures;
}
