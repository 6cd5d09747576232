// What the core needs of a database about restores.

/** That this database went back in time. */
export interface Restore {
  /** 1, 2, 3 ...: the installation's restore epoch. */
  readonly number: number;
  /** The id of the backup it was made from; null: a primary took over that lacked commits. */
  readonly backup: string | null;
  readonly takenAt: number;
  readonly restoredAt: number;
  /** The last organization that has started anew; null before the first. */
  readonly reached: string | null;
  /** When all had; null until then, and nothing is served until then. */
  readonly startedAt: number | null;
}

export interface RestoreReader {
  /** 0 where nothing was ever restored. What another place knows under a larger one is of a lost history. */
  epoch(): Promise<number>;
  /** The newest restore, unless the installation has started anew since. */
  pending(): Promise<Restore | null>;
  organizationsAfter(id: string | null, limit: number): Promise<readonly string[]>;
}

export interface RestoreRepository extends RestoreReader {
  /** As `pending`, held until the commit against other nodes that start. */
  claim(): Promise<Restore | null>;
  /** The revision jumps, and all before it is told no more. */
  jump(organizationId: string, revisions: number): Promise<void>;
  reach(number: number, organizationId: string): Promise<void>;
  finish(number: number, at: number): Promise<void>;
}
