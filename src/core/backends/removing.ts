// Removing what may lie in another backend. In the transaction that decides it, what is to go there is
// written down; whoever does it, at once or later, can do it as often as it takes.
import { RunAgain } from "../errors.ts";
import type { Transaction } from "../ports.ts";
import type { Secret } from "../secrets/secret.ts";
import { childId } from "./ids.ts";
import type { OwedDeletion, OwedKind, RemoteRow } from "./records.ts";

interface Removing {
  readonly at: number;
  /** Of the change that removes it. */
  readonly revision: number;
}

/** Null: it is gone. Else it stays, out of reach and without its name, until its values are gone too. */
export async function removeSecret(
  tx: Transaction,
  secret: Secret,
  { at, revision }: Removing,
): Promise<Secret | null> {
  if (await tx.secrets.purge(secret, at)) return null;
  const left: Secret = {
    ...secret,
    state: "deleting",
    deletedAt: secret.deletedAt ?? at,
    purgeAt: at,
    revision,
  };
  if (!(await tx.secrets.update(left, secret.revision))) throw new RunAgain("the secret changed");
  await oweSecret(tx, secret, at);
  return left;
}

/** The row goes at once, whatever lies elsewhere: nobody is left who would look at it. */
export async function purgeWhole(tx: Transaction, secret: Secret, at: number): Promise<void> {
  if (secret.state !== "deleting") {
    if (await tx.secrets.purge(secret, at)) return;
    await oweSecret(tx, secret, at);
  }
  await tx.remote.drop(secret.id);
}

/** Writes down all that a secret has elsewhere. What is on its way there is given up. */
export async function oweSecret(tx: Transaction, secret: Secret, at: number): Promise<void> {
  const rows = await tx.remote.versionsOf(secret.id);
  for (const row of new Map(rows.map((each) => [each.backend, each])).values()) {
    const ref = rows.find((each) => each.backend === row.backend && each.ref !== null)?.ref ?? null;
    await tx.remote.owe(owedFor({ ...row, ref }, "object", at));
  }
  for (const row of rows) {
    if (row.state !== "pending") continue;
    await tx.remote.abort(row.versionId, { now: Number.MAX_SAFE_INTEGER });
    // It may arrive when all else is gone: looked for once more when it cannot be under way any longer.
    const late = owedFor(row, "write", at);
    await tx.remote.owe({ ...late, kind: "object", dueAt: Math.max(at, row.leaseUntil ?? at) });
  }
}

/** Ids of what is owed follow from what it is owed for: bodies make no ids of their own. */
export function owedFor(
  row: Pick<RemoteRow, "organizationId" | "secretId" | "backend" | "writeId" | "ref" | "version">,
  kind: OwedKind,
  at: number,
): OwedDeletion {
  const { organizationId, secretId, backend, writeId, ref, version } = row;
  return {
    id: childId(kind, kind === "object" ? `${secretId}@${backend}` : writeId),
    organizationId,
    secretId,
    backend,
    kind,
    ref,
    version,
    writeId: kind === "object" ? null : writeId,
    createdAt: at,
    dueAt: at,
    attempts: 0,
  };
}

/** A past version, wherever it lies. */
export async function removePast(
  tx: Transaction,
  secretId: string,
  versionId: string,
  at: number,
): Promise<void> {
  await tx.versions.remove(versionId);
  const row = (await tx.remote.versionsOf(secretId)).find((each) => each.versionId === versionId);
  if (row !== undefined) await removeVersion(tx, row, at);
}

/** A replaced version for good, here at once and there as soon as it can be. */
export async function removeVersion(tx: Transaction, row: RemoteRow, at: number): Promise<boolean> {
  if (!(await tx.remote.retire(row.versionId))) return false;
  await tx.remote.owe(owedFor(row, "version", at));
  return true;
}
