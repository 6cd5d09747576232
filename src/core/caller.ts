// Who asks, and by which way. Plain data: it travels to the writer with each operation.

export const callerKinds = ["person", "machine", "service", "job", "system"] as const;
export type CallerKind = (typeof callerKinds)[number];

export interface Caller {
  readonly kind: CallerKind;
  readonly id: string;
  readonly name: string;
  /** Null for the server's own work (`kind: "system"`), and for nobody else. */
  readonly tokenId: string | null;
  readonly dialect: string;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** Who did something, as it is kept beside what was done. */
export interface Actor {
  readonly kind: CallerKind;
  readonly id: string;
  readonly name: string;
}

export function actorOf(caller: Caller): Actor {
  return { kind: caller.kind, id: caller.id, name: caller.name };
}

/** The server itself: first start, retention, signed heads. It never comes from a request. */
export function systemCaller(work: string): Caller {
  return {
    kind: "system",
    id: "coffer",
    name: work,
    tokenId: null,
    dialect: "core",
    address: null,
    requestId: null,
  };
}
