// What a dialect may do with access tokens, and the key under which it speaks with its caller.
import { denied } from "../access.ts";
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Context } from "../ports.ts";
import { auditTarget } from "../tokens/target.ts";
import type { AccessToken } from "./access-token.ts";
import { listAccessTokens, revokeAccessTokens } from "./manage.ts";
import { mintAccessToken } from "./mint.ts";
import type { TransportHolder, TransportKey } from "./transport.ts";

export interface NewAccessToken {
  readonly name: string;
  readonly expiresAt: number | null;
}

export interface AccessTokenOperations {
  /** All of it is made here; the text is shown now and never again. */
  mint(
    caller: Caller,
    org: Ref,
    machineId: string,
    token: NewAccessToken,
  ): Promise<{ readonly token: AccessToken; readonly text: string }>;
  /**
   * The client made the seed, and shows the token itself. With client custody the payload is its own and
   * stays as it is; else ours is sealed under the key that it made of the seed.
   */
  mintFor(
    caller: Caller,
    org: Ref,
    machineId: string,
    token: NewAccessToken & { readonly made: { payload: string } | { tokenKey: Uint8Array } },
  ): Promise<{ readonly token: AccessToken; readonly secret: string }>;
  list(caller: Caller, org: Ref, machineId: string): Promise<readonly AccessToken[]>;
  revoke(caller: Caller, org: Ref, machineId: string, ids: readonly string[]): Promise<void>;
  /** Under which names and values travel to this caller and from him. */
  transport(caller: Caller, organizationId: string): TransportKey;
  /** The same for who shows it to himself; he must be in the organization. */
  transportText(caller: Caller, org: Ref): Promise<string>;
}

export function accessTokenOperations(
  ctx: Context,
  directory: Directory,
  admitted: (caller: Caller, org: Ref) => Promise<{ readonly id: string }>,
): AccessTokenOperations {
  const { database, keyring, minting, ids } = ctx;
  const calling = async (caller: Caller, org: Ref) => {
    const { id } = await directory.locate(caller, org, "token.manage", auditTarget());
    return { ...callOf(ctx, caller), organizationId: id };
  };
  const holderOf = (caller: Caller, organizationId: string): TransportHolder => {
    if (caller.kind === "person") return { organizationId, kind: "person", id: caller.id };
    // Jobs and services speak with no API in which it would be of use.
    if (caller.kind !== "machine" || caller.tokenId === null) throw denied(`${caller.kind}: has none`);
    return { organizationId, kind: "token", id: caller.tokenId };
  };

  return {
    async mint(caller, org, machineId, { name, expiresAt }) {
      const call = await calling(caller, org);
      const id = ids.next();
      const { text, hash, tokenKey } = minting.accessToken(id);
      const holder = { organizationId: call.organizationId, kind: "token", id } as const;
      const payload = keyring.transportPayload(holder, tokenKey);
      const input = { ...call, machineId, id, name, hash, payload, expiresAt, opaque: false };
      return { token: await database.execute(mintAccessToken, input), text };
    },
    async mintFor(caller, org, machineId, { name, expiresAt, made }) {
      const call = await calling(caller, org);
      const id = ids.next();
      const { text, hash } = minting.clientSecret();
      const opaque = "payload" in made;
      const holder = { organizationId: call.organizationId, kind: "token", id } as const;
      const payload = opaque ? made.payload : keyring.transportPayload(holder, made.tokenKey);
      const input = { ...call, machineId, id, name, hash, payload, expiresAt, opaque };
      return { token: await database.execute(mintAccessToken, input), secret: text };
    },
    async list(caller, org, machineId) {
      const { id } = await directory.locate(caller, org, "machine.read", auditTarget());
      const input = { ...callOf(ctx, caller), organizationId: id, machineId };
      const reading = { action: "machine.read", target: auditTarget(), where: "point" } as const;
      return read(ctx, { query: listAccessTokens, ...reading }, input);
    },
    async revoke(caller, org, machineId, revoked) {
      await database.execute(revokeAccessTokens, {
        ...(await calling(caller, org)),
        machineId,
        ids: revoked,
      });
    },
    transport: (caller, organizationId) => keyring.transportKey(holderOf(caller, organizationId)),
    async transportText(caller, org) {
      const { id } = await admitted(caller, org);
      return keyring.transportText(holderOf(caller, id));
    },
  };
}
