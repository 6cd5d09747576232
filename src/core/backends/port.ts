// What the core needs of a place that holds values outside the database. Adapters implement it; they map
// everything that can happen there to one closed set of failures and name no vendor's words.

/** Where the versions of one secret lie. It follows from ids that never change, and names nothing else. */
export interface RemotePlace {
  readonly organizationId: string;
  readonly secretId: string;
}

export interface RemoteWrite {
  readonly place: RemotePlace;
  /** The version's own id: a repeated write of it makes no second version where the backend can tell. */
  readonly writeId: string;
  readonly bytes: Uint8Array;
}

/** What the backend calls a version that it took. Reads name it: the newest is never asked for. */
export interface RemoteVersion {
  readonly ref: string;
  readonly version: string;
}

export interface OwnedVersion {
  readonly version: string;
  /** Null where a list does not say it. */
  readonly writeId: string | null;
  readonly createdAt: number;
}

export interface OwnedObject {
  readonly ref: string;
  /** Without those that were destroyed. */
  readonly versions: readonly OwnedVersion[];
  readonly createdAt: number;
}

export interface BackendLimits {
  /** Of what is handed to `put`; what sealing adds is taken off by who asks. */
  readonly maxBytes: number;
  readonly maxVersions: number;
}

export interface Backend {
  /** As the configuration names it. */
  readonly name: string;
  readonly kind: string;
  readonly payload: "sealed" | "native";
  readonly limits: BackendLimits;
  put(write: RemoteWrite): Promise<RemoteVersion>;
  get(at: RemoteVersion): Promise<Uint8Array>;
  /** Whether this write was applied, however it was answered. */
  probe(place: RemotePlace, writeId: string): Promise<RemoteVersion | null>;
  /** Absent counts as done. */
  destroyVersion(at: RemoteVersion): Promise<void>;
  /** Everything of that secret; absent counts as done. */
  deleteObject(ref: string): Promise<void>;
  /** The ref under which `put` would keep this place's versions. */
  refOf(place: RemotePlace): string;
  /** The same as that backend's own tools name it; it holds no version. */
  locationOf(place: RemotePlace): string;
  /** What this installation made there, a page at a time. */
  listOwned(
    cursor: string | null,
  ): Promise<{ readonly items: readonly OwnedObject[]; readonly next: string | null }>;
  /** The newest restore epoch that was written down there; null where none was. */
  readEpoch(): Promise<number | null>;
  writeEpoch(epoch: number): Promise<void>;
  /** Resolves if it answers and lets us in. */
  health(): Promise<void>;
  close(): Promise<void>;
}

export const backendFailures = [
  "not-found",
  "already-exists",
  "conflict",
  "pending-deletion",
  "denied",
  "throttled",
  "unavailable",
  "too-large",
  "invalid",
  /** It was sent and not answered: only `probe` knows. */
  "ambiguous",
] as const;
export type BackendFailure = (typeof backendFailures)[number];

/** It says something of the backend, not of what it was asked: nothing else need be asked of it now. */
export function isSilent(failure: BackendFailure): boolean {
  return failure === "unavailable" || failure === "ambiguous" || failure === "throttled";
}

/** What a backend refused or failed at. It carries the vendor's id of the request, never its text. */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly failure: BackendFailure;
  readonly vendorRequestId: string | null;

  constructor(failure: BackendFailure, vendorRequestId: string | null = null, options: ErrorOptions = {}) {
    super(`backend: ${failure}`, options);
    this.failure = failure;
    this.vendorRequestId = vendorRequestId;
  }
}
