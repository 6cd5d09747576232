// What the core needs of a database for tokens beyond looking one up, which access does.
import type { AccessToken } from "../access-tokens/access-token.ts";
import type { Token } from "./token.ts";

/** Those that were revoked are not there any more, and sessions of jobs are not here. */
export interface TokenReader {
  find(id: string): Promise<Token | null>;
  /**
   * Newest first, before the given id. Of one organization, or (null) those over all organizations of
   * their person; `principals`: theirs alone.
   */
  list(
    of: { readonly organizationId: string | null; readonly principals: readonly string[] | null },
    page: { readonly before: string | null; readonly limit: number },
  ): Promise<readonly Token[]>;
  /** What the client of an access token is given when it logs in; null for all other tokens. */
  payload(id: string): Promise<string | null>;
  /** The access tokens of a machine, oldest first. Where they are too many, those that had ended are left out. */
  withPayload(organizationId: string, machineId: string, at: number): Promise<readonly AccessToken[]>;
  /** How many of these have not ended. */
  countWithPayload(organizationId: string, machineId: string, at: number): Promise<number>;
  /** Which of these ids are access tokens of the machine, in their order. */
  idsWithPayload(
    organizationId: string,
    machineId: string,
    ids: readonly string[],
  ): Promise<readonly string[]>;
}

export interface TokenRepository extends TokenReader {
  /** False where it was revoked already. */
  revoke(id: string, at: number): Promise<boolean>;
  putPayload(id: string, payload: string): Promise<void>;
  /** Moves the time of the last use forward, never back. */
  touch(id: string, at: number): Promise<void>;
  /** The same where somebody speaks by that secret; false where it was revoked, or has another one by now. */
  use(id: string, hash: Uint8Array, at: number): Promise<boolean>;
  /** Forgets tokens of all kinds that ended up to that time: `limit` expired ones and as many revoked. */
  sweep(until: number, limit: number): Promise<number>;
}
