// Deleting an organization. One commit ends it for everybody: no credential reaches it, its own tokens
// are nobody's, its slug is free. What it held goes afterwards, a little at a time, and last its keys.
// Keeps: each commit leaves a trail that is true of the tables, so a kill in between only means that
// somebody carries on; and no key goes while anything is sealed under it.
import { admit, changeAccess, organizationTarget, permit } from "../access.ts";
import type { AuditTarget } from "../audit/entry.ts";
import { purgeWhole } from "../backends/removing.ts";
import type { Caller } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { limits } from "../limits.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Command, Query, Transaction } from "../ports.ts";
import { secretTarget } from "../secrets/target.ts";
import type { Json } from "../stores/store.ts";
import { organizationAuditTarget, someOrganizations } from "./target.ts";

interface DeleteInput extends OrganizationCall {
  /** Also with secrets in it, live or in the trash. */
  readonly force: boolean;
}

export const deleteOrganization = mutation<DeleteInput, null>({
  name: "organization.delete",
  frees: true,
  action: "organization.delete",
  target: ({ organizationId }) => ({ ...someOrganizations, id: organizationId }),
  run: async (tx, input) => {
    const { organizationId, force, at } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { because } = permit(access, "organization.delete", organizationTarget());
    await changeAccess(tx, organizationId, access.epochs);
    // First, so that nobody puts a secret in after it was looked for.
    await tx.ended.begin(organizationId, at);
    if (await tx.ended.holdsSecrets(organizationId)) {
      if (!force) throw notEmpty();
      permit(access, "secret.purge", organizationTarget());
    }
    const { organization } = access;
    await tx.audit.append(
      entryOf(input, {
        organizationId,
        action: "organization.delete",
        target: organizationAuditTarget(organization),
        outcome: "allowed",
        because,
        details: { force, ...organization.usage },
      }),
    );
    return null;
  },
});

function notEmpty(): CofferError {
  return new CofferError(
    "organization.not_empty",
    "The organization has secrets, live or in the trash; delete them first, or force.",
  );
}

/** Organizations of which something is left, by id. */
export const endedOrganizations: Query<{ readonly after: string | null }, readonly string[]> = {
  name: "organization.ended",
  run: (tx, { after }) => tx.ended.list({ after, limit: limits.endedOrganizations }),
};

interface PurgeInput {
  readonly caller: Caller;
  readonly at: number;
  readonly organizationId: string;
}

/** The server's own work: a bounded part of what is left. On several nodes at once each finds another. */
export const purgeOrganization: Command<PurgeInput, "gone" | "more"> = {
  name: "organization.purge",
  run: async (tx, input) => {
    const { organizationId } = input;
    const taken = await tx.ended.take(organizationId, limits.endedSecrets);
    if (taken === null) return "gone";
    const secrets = await tx.ended.secrets(organizationId, limits.endedSecrets);
    for (const [index, id] of secrets.entries()) {
      const secret = await tx.secrets.get(organizationId, id);
      if (secret === null) continue;
      await purgeWhole(tx, secret, input.at);
      const revision = taken.revision - index;
      await told(tx, input, secretTarget(taken.custody, secret), { revision, version: null, digest: null });
    }
    if (secrets.length > 0) return "more";
    if ((await tx.ended.removeRows(organizationId, limits.endedRows)) > 0) return "more";
    const terms = await tx.keys.terms(organizationId);
    for (const { number } of terms) {
      if (await tx.keys.isReferenced(organizationId, number)) return "more";
    }
    await tx.ended.removeLast(organizationId);
    const target = { ...someOrganizations, id: organizationId };
    await told(tx, input, target, { keysDestroyed: terms.map(({ number }) => number) });
    return "gone";
  },
};

async function told(
  tx: Transaction,
  input: PurgeInput,
  target: AuditTarget,
  details: Readonly<Record<string, Json>>,
): Promise<void> {
  await tx.audit.append(
    entryOf(input, {
      organizationId: input.organizationId,
      action: "organization.purge",
      target,
      outcome: "allowed",
      because: "the organization was deleted",
      details,
    }),
  );
}
