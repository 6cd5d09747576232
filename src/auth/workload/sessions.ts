// Authentication by a foreign token. Its first use opens a session; while that lasts, the same text is
// known by its hash. Nothing is remembered of tokens that were refused.
import { hash } from "node:crypto";
import type { Caller } from "../../core/caller.ts";
import type { Clock } from "../../core/clock.ts";
import { findCredential } from "../../core/credentials.ts";
import type { Ids } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Database } from "../../core/ports.ts";
import { openSession, type SessionInput } from "../../core/sessions/open.ts";
import { sessionEnd, storeOf, tokenRefused } from "../../core/trusts/admission.ts";
import type { TokenClaims } from "../../core/trusts/claims.ts";
import { matchTrusts } from "../../core/trusts/read.ts";
import type { Trust } from "../../core/trusts/trust.ts";
import type { Authenticator, Via } from "../bearer.ts";
import { jobClaims, jobIdOf } from "./job-claims.ts";
import type { KeySets } from "./jwks.ts";
import { type ClaimedOrigin, claimedOrigin, verifyWorkloadToken } from "./verify.ts";

interface Session {
  readonly caller: Caller;
  readonly expiresAt: number;
  /** When its principal was last asked for his name. */
  readonly namedAt: number;
}

/** Takes tokens of foreign issuers, and hands everything else to `own`. */
export function withWorkloads(
  own: Authenticator,
  parts: {
    readonly database: Pick<Database, "execute" | "point">;
    readonly keys: KeySets;
    readonly clock: Clock;
    readonly ids: Ids;
  },
): Authenticator {
  const { database, keys, clock, ids } = parts;
  const sessions = new Map<string, Session>();
  /** Requests that bring the same new token at once open one session. */
  const opening = new Map<string, Promise<Session>>();

  const open = async (text: string, digest: Buffer, origin: ClaimedOrigin, via: Via): Promise<Session> => {
    const { issuer, audiences } = origin;
    if (audiences.length > limits.workloadAudiencesMax) throw tokenRefused("it has too many audiences");
    const [trust, ...more] = await database.point(matchTrusts, { issuer, audiences });
    if (trust === undefined) throw tokenRefused("no trust is for its issuer and audience");
    if (more.length > 0) throw tokenRefused("several trusts are for its audiences");
    const { claims, expiresAt } = await verifyWorkloadToken(text, trust, { keys, clock });
    const now = clock.now();
    const input: SessionInput = {
      organizationId: trust.organizationId,
      trustId: trust.id,
      tokenId: ids.next(),
      hash: digest,
      as: principalOf(trust, claims, ids),
      storeId: placeOf(trust, claims),
      expiresAt: sessionEnd(expiresAt, now),
      at: now,
      via,
    };
    const caller = await database.execute(openSession, input);
    const session = { caller, expiresAt: input.expiresAt, namedAt: now };
    if (sessions.size >= limits.accessCacheEntriesMax) sessions.clear();
    sessions.set(digest.toString("base64"), session);
    return session;
  };

  /** The session by the name that its machine has now; whether it still stands each body asks itself. */
  const named = async (key: string, session: Session): Promise<Session> => {
    const now = clock.now();
    const { tokenId, name } = session.caller;
    if (tokenId === null || Math.abs(now - session.namedAt) < limits.credentialKeptMs) return session;
    const found = await database.point(findCredential, { tokenId });
    const caller = { ...session.caller, name: found?.principal.name ?? name };
    const renewed = { ...session, caller, namedAt: now };
    if (sessions.has(key)) sessions.set(key, renewed);
    return renewed;
  };

  const authenticate = async (text: string, origin: ClaimedOrigin, via: Via): Promise<Caller> => {
    const digest = hash("sha256", text, "buffer");
    const key = digest.toString("base64");
    const known = sessions.get(key);
    if (known !== undefined && known.expiresAt > clock.now()) {
      return { ...(await named(key, known)).caller, ...via };
    }
    sessions.delete(key);
    let pending = opening.get(key);
    if (pending === undefined) {
      pending = open(text, digest, origin, via).finally(() => opening.delete(key));
      opening.set(key, pending);
    }
    return { ...(await pending).caller, ...via };
  };

  return {
    authenticate(text, via) {
      const origin = text === null ? null : claimedOrigin(text);
      if (text === null || origin === null) return own.authenticate(text, via);
      return authenticate(text, origin, via);
    },
  };
}

function principalOf(trust: Trust, claims: TokenClaims, ids: Ids): SessionInput["as"] {
  if (trust.as !== "job") return { kind: "machine", id: trust.as.machine };
  const jobId = jobIdOf(claims);
  if (jobId === null) throw tokenRefused("it names no job");
  return { kind: "job", id: ids.next(), jobId, claims: jobClaims(claims) };
}

function placeOf({ leadsTo }: Trust, claims: TokenClaims): string | null {
  if (leadsTo === null) return null;
  const storeId = storeOf(leadsTo, claims);
  if (storeId === null) throw tokenRefused("it names none of the trust's stores");
  return storeId;
}
