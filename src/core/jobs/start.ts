// Letting a job in: its claims are what the minter says they are. Who says so must be able to reveal
// all of the store himself, through the credential he uses.
import { admit, holdAccess, permit, storeOf, storeTarget } from "../access.ts";
import type { AuditTarget } from "../audit/entry.ts";
import { noted } from "../audit/noted.ts";
import { lastsUntil } from "../confer.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Claims } from "../policies/claims.ts";
import type { TokenRecord } from "../ports.ts";

export interface JobInput extends OrganizationCall {
  readonly store: Ref;
  readonly jobId: string;
}

interface StartInput extends JobInput {
  readonly sessionId: string;
  readonly tokenId: string;
  readonly hash: Uint8Array;
  readonly claims: Claims;
  readonly lifeMs: number;
}

/** Answers when the session ends. */
export const startJob = mutation<StartInput, number>({
  name: "job.start",
  action: "job.manage",
  target: jobTarget,
  run: async (tx, input) => {
    const { organizationId, at, sessionId, jobId, claims } = input;
    const access = await admit(tx, input, { id: organizationId });
    const store = await storeOf(tx, access, input.store);
    const { because } = permit(access, "job.manage", storeTarget(store));
    permit(access, "secret.reveal", storeTarget(store));
    const expiresAt = Math.min(at + input.lifeMs, lastsUntil(access) ?? Number.POSITIVE_INFINITY);
    // A job reads values in this store and does nothing else: its token says no more than that, and its
    // minter holds all of it. It keeps to his addresses, and ends with him where he is narrowed.
    const token: TokenRecord = {
      id: input.tokenId,
      organizationId,
      principalKind: "job",
      principalId: sessionId,
      name: jobId,
      hash: input.hash,
      scopes: [`secret.reveal@${store.id}`],
      reach: [{ action: "secret.reveal", storeId: store.id, name: null }],
      stores: [store.id],
      addresses: access.addresses,
      trustId: null,
      expiresAt,
      revokedAt: null,
      lastUsedAt: null,
      createdAt: at,
    };
    // No epoch rises: nothing that was decided before this session knew of it, and pipelines start many.
    await holdAccess(tx, organizationId, access.epochs);
    await tx.jobs.insert({
      id: sessionId,
      organizationId,
      storeId: store.id,
      jobId,
      claims,
      createdAt: at,
      expiresAt,
    });
    await tx.access.insertToken(token);
    await noted(tx, input, {
      action: "job.manage",
      target: { kind: "job", id: sessionId, name: jobId, storeId: store.id },
      because,
      details: { change: "started", tokenId: token.id, claims, assertedBy: "minter", expiresAt },
    });
    return expiresAt;
  },
});

/** A job as the caller named it. */
export function jobTarget({ jobId, store }: Pick<JobInput, "jobId" | "store">): AuditTarget {
  return { kind: "job", id: null, name: jobId, storeId: "id" in store ? store.id : null };
}
