// From the text of a token to a caller. It keeps what it looked up, which is safe because every
// body asks again whether the credential still stands; it never remembers that one was unknown.
// It keeps it for seconds, so that who was renamed is soon called by his new name in the audit trail.

import { revoked, unauthenticated } from "../core/access.ts";
import { accepts, type Network, storedNetworks } from "../core/addresses.ts";
import type { Caller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import { findCredential } from "../core/credentials.ts";
import { limits } from "../core/limits.ts";
import type { Credential, Database } from "../core/ports.ts";
import type { LoginThrottle } from "./throttle.ts";

export interface ParsedToken {
  readonly kind: string;
  readonly id: string;
  readonly hash: Uint8Array;
}

/** The form of tokens is the crypto room's knowledge; the composition hands it in. */
export interface TokenForm {
  parse(text: string): ParsedToken | null;
  same(left: Uint8Array, right: Uint8Array): boolean;
}

/** By which way a request came. */
export interface Via {
  readonly dialect: string;
  readonly address: string | null;
  readonly requestId: string;
}

export interface Authenticator {
  /**
   * Throws `caller.unauthenticated`, the same for every reason, or `caller.throttled`. Without a promise
   * where it can.
   */
  authenticate(token: string | null, via: Via): Caller | Promise<Caller>;
}

interface Seen {
  readonly credential: Credential;
  /** Its list of addresses, read once. */
  readonly networks: readonly Network[] | null;
  readonly at: number;
}

export function authenticator(parts: {
  readonly database: Pick<Database, "point">;
  readonly clock: Clock;
  readonly form: TokenForm;
  readonly throttle: LoginThrottle;
}): Authenticator {
  const { database, clock, form, throttle } = parts;
  const seen = new Map<string, Seen>();

  const admit = ({ credential, networks }: Seen, token: ParsedToken, via: Via): Caller => {
    const { token: record, principal } = credential;
    throttle.demand(via.address, token.id);
    const matches = form.same(record.hash, token.hash) && record.principalKind === token.kind;
    if (!matches) throw failed("wrong", token, via);
    // From here on it is not a failed login: who holds the secret guesses nothing.
    if (record.expiresAt !== null && record.expiresAt <= clock.now()) throw unauthenticated("ended");
    if (record.revokedAt !== null) throw revoked(record);
    if (!accepts(networks, via.address)) throw unauthenticated("elsewhere");
    return { kind: principal.kind, id: principal.id, name: principal.name, tokenId: record.id, ...via };
  };

  const isOld = ({ at }: Seen): boolean => {
    const age = clock.now() - at;
    return age < 0 || age >= limits.credentialKeptMs;
  };

  const failed = (because: "unknown" | "wrong", token: ParsedToken, via: Via) => {
    throttle.failed(via.address, token.id);
    return unauthenticated(because);
  };

  const lookUp = async (token: ParsedToken, via: Via): Promise<Caller> => {
    throttle.demand(via.address, token.id);
    const credential = await database.point(findCredential, { tokenId: token.id });
    if (credential === null) {
      form.same(token.hash, new Uint8Array(token.hash.length)); // an unknown id costs the same compare
      throw failed("unknown", token, via);
    }
    const networks = storedNetworks(credential.token.addresses);
    const found = { credential, networks, at: clock.now() };
    const caller = admit(found, token, via);
    if (seen.size >= limits.accessCacheEntriesMax) seen.clear();
    seen.set(token.id, found);
    return caller;
  };

  return {
    authenticate(text, via) {
      const token = text === null ? null : form.parse(text);
      if (token === null) throw unauthenticated(text === null ? "missing" : "malformed");
      const known = seen.get(token.id);
      return known === undefined || isOld(known) ? lookUp(token, via) : admit(known, token, via);
    },
  };
}
