// The login of an access token's client: written down like the session of a workload, and only then the
// payload is handed out.
import { unauthenticated } from "../access.ts";
import type { Caller } from "../caller.ts";
import { entryOf } from "../operation.ts";
import type { Command } from "../ports.ts";
import { auditTarget } from "../tokens/target.ts";

interface LoginInput {
  readonly id: string;
  /** Of the secret that was compared; the row may be another's by now. */
  readonly hash: Uint8Array;
  readonly at: number;
  readonly via: Pick<Caller, "dialect" | "address" | "requestId">;
}

export interface Login {
  readonly caller: Caller;
  readonly organizationId: string;
  readonly payload: string;
}

export interface ClientLogin extends Login {
  /** What it speaks by from now on. */
  readonly token: string;
  readonly expiresInSeconds: number;
}

/** Given to dialects whose clients log in by themselves. */
export interface ClientLogins {
  /** Throws `caller.unauthenticated`, the same for every reason, or `caller.throttled`. */
  login(
    clientId: string,
    secret: string,
    via: {
      readonly dialect: string;
      readonly address: string | null;
      readonly requestId: string;
      /** Where the client found this server. */
      readonly issuer: string;
    },
  ): Promise<ClientLogin>;
}

export const openLogin: Command<LoginInput, Login> = {
  name: "access-token.login",
  run: async (tx, { id, hash, at, via }) => {
    const credential = await tx.access.credential(id);
    const payload = await tx.tokens.payload(id);
    if (credential === null || payload === null) throw unauthenticated("unknown");
    const { token, principal } = credential;
    const { organizationId } = token;
    const ended = token.revokedAt !== null || (token.expiresAt !== null && token.expiresAt <= at);
    const same = Buffer.compare(token.hash, hash) === 0;
    if (ended || !same || organizationId === null) throw unauthenticated("ended");
    const caller: Caller = { kind: "machine", id: principal.id, name: principal.name, tokenId: id, ...via };
    // Who revokes it may have been faster; after this he waits for the login, and then ends it.
    if (!(await tx.tokens.use(id, hash, at))) throw unauthenticated("ended");
    await tx.audit.append(
      entryOf(
        { caller, at },
        {
          organizationId,
          action: "session.open",
          target: auditTarget({ id }),
          outcome: "allowed",
          because: "access token",
        },
      ),
    );
    return { caller, organizationId, payload };
  },
};
