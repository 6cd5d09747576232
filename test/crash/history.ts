// What the clients know: of each secret how it must stand, or the two ways it may stand where an
// answer never came; and of each acknowledged request what the trail must tell. It asks no server.

/** A secret as clients may speak of it. */
export interface Shape {
  readonly life: "active" | "trashed" | "gone";
  readonly store: string;
  readonly name: string;
  readonly description: string | null;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly consumers: readonly string[] | null;
  /** Of version 1, 2, 3 ... */
  readonly values: readonly string[];
}

/** A secret that one writer alone acts on. */
export interface Owned {
  /** Null until an answer or the tables told it. */
  id: string | null;
  shape: Shape;
  /** Set while the outcome of the last request is unknown; then the secret may stand like this as well. */
  doubt: Shape | null;
  /** As of the last answer that named one. */
  revision: number;
  wasRead: boolean;
}

export interface Acknowledged {
  readonly kind: "mutation" | "reveal";
  readonly what: string;
  readonly requestId: string;
  readonly secretId: string;
  /** Null where the answer named none. */
  readonly revision: number | null;
  readonly version: number | null;
}

/** One of several writers who want the same name at the same time. */
export interface Attempt {
  readonly writer: number;
  readonly value: string;
  readonly outcome: "created" | "taken" | "unknown";
  readonly id: string | null;
}

/** A secret that every writer writes: each acknowledged version belongs to exactly one of them. */
export interface Common {
  readonly name: string;
  readonly id: string;
  readonly acknowledged: Map<number, string>;
  readonly unknown: Set<string>;
}

export class History {
  readonly owned: readonly Owned[][];
  commons: readonly Common[] = [];
  /** Since the last check. */
  acknowledged: Acknowledged[] = [];
  races = new Map<string, Attempt[]>();
  /** Created by one request whose answer never came: all of them stand, or none. */
  together: (readonly Owned[])[] = [];
  /** Answers that should not have been given at all. */
  wrong: string[] = [];
  counts = { acknowledged: 0, unknown: 0, refused: 0 };

  constructor(writers: number) {
    this.owned = Array.from({ length: writers }, () => []);
  }

  acknowledge(entry: Acknowledged): void {
    this.acknowledged.push(entry);
    this.counts.acknowledged += 1;
  }

  attempt(name: string, attempt: Attempt): void {
    const attempts = this.races.get(name);
    if (attempts === undefined) this.races.set(name, [attempt]);
    else attempts.push(attempt);
  }

  /** A version answered to one writer must be answered to no other. */
  commonWritten(common: Common, version: number, value: string): void {
    if (common.acknowledged.has(version)) {
      this.wrong.push(`version ${version} of ${common.name} was given to two writers`);
    }
    common.acknowledged.set(version, value);
  }

  /** All was compared; what was in doubt is settled. */
  settle(): void {
    this.acknowledged = [];
    this.races = new Map();
    this.together = [];
    this.wrong = [];
  }
}
