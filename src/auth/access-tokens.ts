// The login of an access token's client, and the token that it is given for an hour: a JWT of this
// server's own. It opens nothing by itself: every request looks up the access token that it was made
// for, so that one that was revoked ends with all that it had been given.
import { hash } from "node:crypto";
import { unauthenticated } from "../core/access.ts";
import { type ClientLogins, openLogin } from "../core/access-tokens/login.ts";
import type { Caller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import { findCredential } from "../core/credentials.ts";
import { isUuid } from "../core/ids.ts";
import { limits } from "../core/limits.ts";
import type { Database, Keyring, Minting } from "../core/ports.ts";
import type { Authenticator, TokenForm, Via } from "./bearer.ts";
import type { LoginThrottle } from "./throttle.ts";

interface Parts {
  readonly database: Pick<Database, "point" | "execute">;
  readonly keyring: Pick<Keyring, "signToken" | "verifyToken">;
  readonly minting: Pick<Minting, "hashClientSecret">;
  readonly clock: Clock;
  readonly throttle: LoginThrottle;
  readonly same: TokenForm["same"];
}

export function clientLogins({ database, keyring, minting, clock, throttle, same }: Parts): ClientLogins {
  return {
    async login(clientId, secret, { issuer, ...via }) {
      if (!isUuid(clientId) || secret.length > limits.clientSecretCharactersMax)
        throw unauthenticated("malformed");
      const id = clientId.toLowerCase();
      const digest = minting.hashClientSecret(secret);
      throttle.demand(via.address, id);
      const credential = await database.point(findCredential, { tokenId: id });
      // Asked again: attempts that came at once are not compared all.
      throttle.demand(via.address, id);
      // An unknown id costs the same compare.
      const known = credential?.token.hash ?? new Uint8Array(digest.length);
      if (!same(known, digest) || credential === null) {
        throttle.failed(via.address, id);
        throw unauthenticated(credential === null ? "unknown" : "wrong");
      }
      const at = clock.now();
      const login = await database.execute(openLogin, { id, hash: digest, at, via });
      const issuedAt = Math.floor(at / 1_000);
      const token = keyring.signToken({
        iss: issuer,
        nbf: issuedAt,
        iat: issuedAt,
        exp: issuedAt + limits.clientTokenSeconds,
        client_id: id,
        sub: login.caller.id,
        type: "ServiceAccount",
        organization: login.organizationId,
        jti: crypto.randomUUID(),
        scope: ["api.secrets"],
      });
      return { ...login, token, expiresInSeconds: limits.clientTokenSeconds };
    },
  };
}

interface Signed {
  readonly tokenId: string;
  readonly machineId: string;
  readonly from: number;
  readonly until: number;
}

/** Takes the tokens that logins were given, where this dialect serves them; all others are for `own`. */
export function withClientTokens(
  own: Authenticator,
  { database, keyring, clock, dialect }: Pick<Parts, "database" | "keyring" | "clock"> & { dialect: string },
): Authenticator {
  /** To check a signature costs more than all the rest; what was signed stays signed. */
  const checked = new Map<string, Signed>();

  const signed = (text: string): Signed | null => {
    const key = hash("sha256", text, "base64");
    const known = checked.get(key);
    if (known !== undefined) return known;
    const claims = keyring.verifyToken(text);
    const { client_id, sub, nbf, exp } = claims ?? {};
    if (typeof client_id !== "string" || typeof sub !== "string") return null;
    if (typeof nbf !== "number" || typeof exp !== "number") return null;
    const found = { tokenId: client_id, machineId: sub, from: nbf * 1_000, until: exp * 1_000 };
    if (checked.size >= limits.accessCacheEntriesMax) checked.clear();
    checked.set(key, found);
    return found;
  };

  const admit = async ({ tokenId, machineId, from, until }: Signed, via: Via): Promise<Caller> => {
    const now = clock.now();
    if (until <= now || from > now + limits.workloadClockSkewMs) throw unauthenticated("ended");
    const credential = await database.point(findCredential, { tokenId });
    if (credential === null) throw unauthenticated("ended");
    const { token, principal } = credential;
    const ended = token.revokedAt !== null || (token.expiresAt !== null && token.expiresAt <= now);
    if (ended || principal.kind !== "machine" || principal.id !== machineId) throw unauthenticated("ended");
    return { kind: "machine", id: principal.id, name: principal.name, tokenId, ...via };
  };

  return {
    authenticate(text, via) {
      if (via.dialect !== dialect || text === null || text.startsWith("coffer_"))
        return own.authenticate(text, via);
      const found = signed(text);
      return found === null ? own.authenticate(text, via) : admit(found, via);
    },
  };
}
