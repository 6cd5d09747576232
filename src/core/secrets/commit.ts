// The last statements of every body that changes secrets: revision, rows, feed and audit, in that
// order and in one transaction. No other file writes secrets.
import type { Access } from "../access.ts";
import type { Action } from "../actions.ts";
import type { AuditEntry } from "../audit/entry.ts";
import { embedded } from "../backends/backends.ts";
import { removeSecret } from "../backends/removing.ts";
import { settle, settledValue, stage, stagedIn, stages, takeCreating } from "../backends/staging.ts";
import type { Change, ChangeKind } from "../changes.ts";
import { CofferError, RunAgain } from "../errors.ts";
import { forgetOldChanges } from "../forget-changes.ts";
import { keyRotated } from "../keys/term.ts";
import { limits } from "../limits.ts";
import { entryOf, type OrganizationCall } from "../operation.ts";
import type { Custody } from "../organizations/organization.ts";
import type { Transaction } from "../ports.ts";
import type { Json, Store } from "../stores/store.ts";
import { secretDigest } from "./digest.ts";
import type { SealedValue, Secret, Version } from "./secret.ts";
import { secretTarget } from "./target.ts";

export interface SecretChange {
  readonly kind: ChangeKind;
  readonly action: Action;
  readonly because: string;
  readonly store: Store;
  readonly before: Secret | null;
  /** Null: the secret is purged. */
  readonly after: Secret | null;
  readonly value: { readonly version: Version; readonly value: SealedValue } | null;
  readonly details: Readonly<Record<string, Json>>;
}

/**
 * What no index decides is asked after this: whoever else writes secrets or stores of the organization waits
 * for this commit, or was before it. Where several write at once, two would else both find a name free.
 */
export async function writeAlone(tx: Transaction, organizationId: string): Promise<void> {
  await tx.organizations.advance(organizationId, { revisions: 0, secrets: 0, stores: 0 });
}

/** Writes all changes or none; answers the secrets as they now stand, in the order given. */
export async function commitSecrets(
  tx: Transaction,
  call: OrganizationCall,
  access: Access,
  changes: readonly SecretChange[],
): Promise<readonly (Secret | null)[]> {
  const { organization } = access;
  if (stages(call, changes)) return staged(tx, call, access, changes);
  const growth = changes.reduce((sum, change) => sum + liveCount(change.after) - liveCount(change.before), 0);
  const usage = await tx.organizations.advance(organization.id, {
    revisions: changes.length,
    secrets: growth,
    stores: 0,
  });
  if (growth > 0) demandQuota(access, usage.secrets);
  const feed: Change[] = [];
  const written: (Secret | null)[] = [];
  for (const [index, asked] of changes.entries()) {
    const revision = usage.revision - changes.length + 1 + index;
    try {
      const change = { ...asked, value: settledValue(call, asked) };
      const after = asked.after && { ...asked.after, revision, ...lying(change) };
      const left = await writeRow(tx, call, change, after, revision);
      feed.push(feedItem(call, change, after, revision));
      await tx.audit.append(await auditItem(tx, call, organization.custody, change, left, revision));
      written.push(after);
    } catch (error) {
      throw atItem(error, index, changes.length);
    }
  }
  await tx.changes.append(feed);
  await forgetOldChanges(tx, organization.id, usage.revision, changes.length);
  return written;
}

/** What it would write; it is written when the values lie where they go, see backends/writing.ts. */
async function staged(
  tx: Transaction,
  call: OrganizationCall,
  access: Access,
  changes: readonly SecretChange[],
): Promise<readonly (Secret | null)[]> {
  const growth = changes.reduce((sum, change) => sum + liveCount(change.after) - liveCount(change.before), 0);
  const usage = await tx.organizations.advance(call.organizationId, { revisions: 0, secrets: 0, stores: 0 });
  if (growth > 0) demandQuota(access, usage.secrets + growth);
  await stage(tx, call, changes);
  return changes.map(({ after }) => after);
}

function demandQuota({ organization: { limits: quota } }: Access, secrets: number): void {
  if (quota.secrets === null || secrets <= quota.secrets) return;
  throw new CofferError("quota.exceeded", "The organization's limit of secrets is reached.", {
    field: "secrets",
    limit: quota.secrets,
  });
}

/** The same error, naming which of several items it is about. */
export function atItem(error: unknown, index: number, items: number): unknown {
  if (!(error instanceof CofferError) || items === 1) return error;
  const because = error.because === null ? {} : { because: error.because };
  return new CofferError(error.code, error.message, { ...error.details, index }, because);
}

function liveCount(secret: Secret | null): number {
  return secret !== null && (secret.state === "active" || secret.state === "creating") ? 1 : 0;
}

/** Where the value lies from now on, if there is a new one. */
function lying({ value }: SecretChange): Partial<Pick<Secret, "backend">> {
  return value === null ? {} : { backend: stagedIn(value.value)?.backend ?? embedded };
}

/** Answers what is left of the secret; null: nothing. */
async function writeRow(
  tx: Transaction,
  call: OrganizationCall,
  change: SecretChange,
  after: Secret | null,
  revision: number,
): Promise<Secret | null> {
  const { before, value } = change;
  if (after === null) return before && removeSecret(tx, before, { at: call.at, revision });
  const pointer = value && stagedIn(value.value);
  if (before !== null) {
    if (!(await tx.secrets.update(after, before.revision))) throw new RunAgain("the secret changed");
  } else if (pointer === null) await tx.secrets.insert(after);
  else await takeCreating(tx, after);
  if (value === null) return after;
  if (pointer === null) await tx.versions.insert(value.version, call.organizationId, value.value);
  else await settle(tx, call, value.version, value.value, pointer);
  if (before !== null && before.versionId !== null) await tx.versions.supersede(before.versionId);
  if (value.version.number > limits.versionsKept) {
    await tx.versions.prune(after.id, limits.versionsKept, value.version.number);
  }
  return after;
}

function feedItem(
  call: OrganizationCall,
  change: SecretChange,
  after: Secret | null,
  revision: number,
): Change {
  const shown = after ?? change.before;
  const homeless = shown?.orphaned === true;
  // Who lists the default store does not hear what it was in a deleted one.
  const before = change.before?.orphaned === true ? null : change.before;
  const storeIdBefore = before?.storeId ?? null;
  // Of a live secret that is purged the feed has the last state: what watches it saw it until now.
  const last =
    change.before?.state === "active" ? ({ ...change.before, state: "deleted", revision } as const) : null;
  return {
    organizationId: call.organizationId,
    revision,
    at: call.at,
    kind: change.kind,
    storeId: homeless ? null : change.store.id,
    storeSlug: homeless ? null : change.store.slug,
    secretId: shown?.id ?? null,
    name: shown?.name ?? null,
    after: after ?? last,
    labelsBefore: before?.labels ?? null,
    storeIdBefore: storeIdBefore === change.store.id ? null : storeIdBefore,
    nameBefore: before === null || before.name === shown?.name ? null : before.name,
    concerns: null,
  };
}

async function auditItem(
  tx: Transaction,
  call: OrganizationCall,
  custody: Custody,
  change: SecretChange,
  after: Secret | null,
  revision: number,
): Promise<AuditEntry> {
  const named = after ?? change.before;
  return entryOf(call, {
    organizationId: call.organizationId,
    action: change.action,
    target: { ...secretTarget(custody, named), storeId: change.store.id },
    outcome: "allowed",
    because: change.because,
    details: {
      ...change.details,
      revision,
      version: change.after === null ? null : (after?.version ?? null),
      digest: after === null ? null : secretDigest(after, await sealedNow(tx, change, after)),
    },
  });
}

async function sealedNow(tx: Transaction, change: SecretChange, after: Secret): Promise<Uint8Array | null> {
  if (change.value !== null) return change.value.value.sealed;
  return after.versionId === null ? null : await tx.secrets.sealedOf(after.versionId);
}

/** A sealing transaction confirms that its key term still seals; rotation waits for this lock. */
export async function confirmTerm(
  tx: Transaction,
  organizationId: string,
  value: SealedValue,
): Promise<void> {
  if (!(await tx.installation.isCurrentTerm(organizationId, value.term))) {
    throw keyRotated();
  }
}
