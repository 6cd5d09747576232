// A workload's session: a foreign token that a trust accepts becomes a token of a job or a machine
// here, which ends with it. What the foreign token says was verified before; here the trust is asked
// once more, in the transaction, whether it still stands.
import { unauthenticated } from "../access.ts";
import type { Caller } from "../caller.ts";
import { entryOf } from "../operation.ts";
import type { Claims } from "../policies/claims.ts";
import type { Command, TokenRecord } from "../ports.ts";
import { unnarrowed } from "../tokens/token.ts";

export interface SessionInput {
  readonly organizationId: string;
  readonly trustId: string;
  readonly tokenId: string;
  /** Of the foreign token: nobody is given a text of ours. */
  readonly hash: Uint8Array;
  readonly as:
    | { readonly kind: "job"; readonly id: string; readonly jobId: string; readonly claims: Claims }
    | { readonly kind: "machine"; readonly id: string };
  /** Null, for a machine only: wherever its grants reach. */
  readonly storeId: string | null;
  readonly expiresAt: number;
  readonly at: number;
  readonly via: Pick<Caller, "dialect" | "address" | "requestId">;
}

export const openSession: Command<SessionInput, Caller> = {
  name: "session.open",
  run: async (tx, input) => {
    const { organizationId, as, storeId, at, via, tokenId } = input;
    if ((await tx.organizations.find({ id: organizationId })) === null) throw unauthenticated("ended");
    // Who ends the job or the trust, or takes the store or the machine away, was before this and is seen, or
    // waits for the commit and ends this session too.
    await tx.access.holdEpochs(organizationId);
    const trust = await tx.trusts.find(organizationId, input.trustId);
    if (trust === null) throw unauthenticated("ended");
    let name: string;
    if (as.kind === "job") {
      const store = storeId === null ? null : await tx.stores.find(organizationId, { id: storeId });
      if (store === null) throw unauthenticated("ended");
      // It may still hold a token of its own, or be given another: what was ended stays so.
      if (await tx.jobs.wasEnded(store.id, as.jobId)) throw unauthenticated("finished");
      name = as.jobId;
      await tx.jobs.insert({
        id: as.id,
        organizationId,
        storeId: store.id,
        jobId: as.jobId,
        claims: as.claims,
        createdAt: at,
        expiresAt: input.expiresAt,
      });
    } else {
      const machine = await tx.access.principal("machine", as.id);
      if (machine === null || machine.organizationId !== organizationId) throw unauthenticated("ended");
      name = machine.name;
    }
    const token: TokenRecord = {
      ...unnarrowed,
      id: tokenId,
      organizationId,
      principalKind: as.kind,
      principalId: as.id,
      name: trust.name,
      hash: input.hash,
      stores: storeId === null ? null : [storeId],
      trustId: trust.id,
      expiresAt: input.expiresAt,
      revokedAt: null,
      createdAt: at,
    };
    await tx.access.insertToken(token);
    const caller: Caller = { kind: as.kind, id: as.id, name, tokenId, ...via };
    await tx.audit.append(
      entryOf(
        { caller, at },
        {
          organizationId,
          action: "session.open",
          target: { kind: "token", id: tokenId, name: trust.name, storeId },
          outcome: "allowed",
          because: `trust ${trust.name}`,
          details: { trust: trust.id, ...(as.kind === "job" ? { claims: as.claims } : {}) },
        },
      ),
    );
    return caller;
  },
};
