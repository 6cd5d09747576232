// What the core needs of a database about keys. None of it is key material in the clear.
import type { KeyRecord } from "../ports.ts";
import type { SealedValue, Secret } from "../secrets/secret.ts";
import type { Vitals } from "../vitals.ts";
import type { NodeSeen } from "./nodes.ts";
import type { RootKeyRecord } from "./root.ts";
import type { StoredPosition, StoredValue, Term } from "./term.ts";

export interface KeyReader extends RootReader {
  /** Of all keys together. */
  vitals(): Promise<Vitals>;
  /** Of an organization, or of the installation where it is null; the newest first. */
  terms(organizationId: string | null): Promise<readonly Term[]>;
  /** How many versions lie under each term. It looks at as many rows. */
  versionsByTerm(organizationId: string): Promise<ReadonlyMap<number, number>>;
  /** Values that lie here under a term before `current`, in order of term and version. */
  valuesBefore(
    organizationId: string,
    current: number,
    page: { readonly after: StoredPosition | null; readonly limit: number },
  ): Promise<readonly StoredValue[]>;
  /** Organizations whose rotation has not come to its end, by id. */
  unfinished(page: { readonly after: string | null; readonly limit: number }): Promise<readonly string[]>;
}

export interface KeyRepository extends KeyReader, RootRepository {
  /** The next term, and with it a rotation; false where another one has its number already. */
  insertTerm(key: KeyRecord): Promise<boolean>;
  /** Terms before this one seal no more. Waits for those who seal under them right now. */
  retireBefore(organizationId: string | null, term: number, at: number): Promise<readonly Term[]>;
  /** The secret as it stands, held against whoever would change it until the commit. */
  held(organizationId: string, secretId: string): Promise<Secret | null>;
  /** Other bytes for the same value; false where these are not the ones that lie there. */
  replaceSealed(stored: StoredValue, value: SealedValue): Promise<boolean>;
  /** Notes of each retired term whether the last value has left it; answers those that it newly has. */
  noteEmptied(organizationId: string, at: number): Promise<readonly Term[]>;
  /** Everything lies under this term; unless a newer one began, the rotation is over. */
  endRotation(organizationId: string, term: number): Promise<void>;
  /** Whether anything in the database is sealed under the term. */
  isReferenced(organizationId: string | null, term: number): Promise<boolean>;
  /** The wrapped bytes go; false where the term is not retired. */
  destroy(id: string, at: number): Promise<boolean>;
  /** Other bytes for the same internal key; false where these are not the ones that lie there. */
  replaceInternal(
    key: { readonly id: string; readonly before: Uint8Array },
    sealed: { readonly term: number; readonly sealed: Uint8Array },
  ): Promise<boolean>;
}

export interface RootReader {
  rootKeys(): Promise<readonly RootKeyRecord[]>;
  /** Those that wrap something, and the one that wraps what comes. */
  neededRoots(): Promise<readonly string[]>;
  /** How many keys a root key wraps; destroyed ones do not count. */
  wrappedCount(rootKeyId: string): Promise<number>;
  /** Keys that a root key wraps, by id. */
  wrappedBy(
    rootKeyId: string,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<readonly KeyRecord[]>;
  /** The nodes that announced themselves, and the time, both as the database has them. */
  nodes(): Promise<{ readonly now: number; readonly nodes: readonly NodeSeen[] }>;
}

export interface RootRepository extends RootReader {
  insertRoot(id: string, state: "added" | "current", at: number): Promise<void>;
  /** Whether new keys are wrapped by it, held until the commit against whoever would change that. */
  isWrapping(rootKeyId: string): Promise<boolean>;
  /** Waits until nobody relies on which root key wraps, and keeps it so until the commit. */
  claimRoots(): Promise<void>;
  changeRoot(
    id: string,
    change: {
      readonly from: RootKeyRecord["state"];
      readonly to: RootKeyRecord["state"];
      readonly at: number;
    },
  ): Promise<void>;
  noteRootEmptied(id: string, at: number): Promise<void>;
  removeRoot(id: string): Promise<void>;
  /** The same key in other bytes; false where these are not the ones that lie there. */
  replaceWrapped(
    key: KeyRecord,
    after: { readonly rootKeyId: string; readonly wrapped: Uint8Array },
  ): Promise<boolean>;
  announceNode(node: Omit<NodeSeen, "seenAt">): Promise<void>;
  removeNode(id: string): Promise<void>;
}
