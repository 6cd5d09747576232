// What travels between this server and a client of an access token: names and values under a key of that
// client's own, and the token by which it speaks after its login. What they are made of, crypto knows.

/** Whose key it is: an access token's, or a person's in one organization. */
export interface TransportHolder {
  readonly organizationId: string;
  readonly kind: "token" | "person";
  readonly id: string;
}

export interface TransportKey {
  seal(text: string): string;
  /** Null for what is not sealed by this key. */
  open(sealed: string): string | null;
}

export type TokenClaims = Readonly<Record<string, unknown>>;
