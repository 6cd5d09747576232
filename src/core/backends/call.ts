// What a mutation carries while its values go to another backend. The same body runs twice: first it
// stages (`intend`), then, when the values lie where they should, it writes (`settle`). Plain data.
import type { SealedValue } from "../secrets/secret.ts";

export interface IntendedWrite {
  readonly secretId: string;
  readonly versionId: string;
  readonly backend: string;
  readonly value: SealedValue;
}

interface Lease {
  /** This one request's, on this one node. */
  readonly owner: string;
  /** Null: the database's own clock counts. */
  readonly clock: number | null;
}

export interface Intending extends Lease {
  readonly step: "intend";
  readonly leaseMs: number;
  /** The largest value that each backend takes: sealed, or as it is. */
  readonly capacity: Readonly<Record<string, { readonly bytes: number; readonly sealed: boolean }>>;
  /** Also what would lie in the database itself waits, because something beside it does not. */
  readonly wholly?: boolean;
  /** Filled by the body. */
  readonly writes?: IntendedWrite[];
}

export interface Settling extends Lease {
  readonly step: "settle";
  /** By version: the pointers that take the place of the sealed values. */
  readonly pointers: Readonly<Record<string, SealedValue>>;
  /** How many versions of one secret each backend keeps: what is beyond goes at once. */
  readonly keeps: Readonly<Record<string, number>>;
}

export type RemoteCall = Intending | Settling;
