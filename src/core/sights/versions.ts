// Past values by ids of their own, with when and by whom each was replaced. The current value is not
// among them.
import { type Access, admit, permit, targetOf } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { removePast } from "../backends/removing.ts";
import { CofferError } from "../errors.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { type Secret, secretNotFound, type Version } from "../secrets/secret.ts";
import { secretTarget, someSecrets } from "../secrets/target.ts";
import { versionNotFound } from "../secrets/versions.ts";
import { type May, mayOnSecret } from "./sight.ts";

export interface PastVersion {
  readonly version: Version;
  readonly storeId: string;
  readonly may: May;
  readonly replacedAt: number;
  /** Null: somebody else, or nobody any more. */
  readonly machineId: string | null;
  readonly membershipId: string | null;
}

export type PastOf = { readonly secretId: string } | { readonly ids: readonly string[] };

interface PastInput extends OrganizationCall {
  readonly of: PastOf;
}

/** How many past values of a secret these contracts show. */
const shownMax = 10;

/** Ids that name none are passed over, and those that are not the caller's to read as if they named none. */
export const pastVersions: Query<PastInput, readonly PastVersion[]> = {
  name: "sight.versions",
  run: async (tx, input) => {
    const { organizationId, of } = input;
    const access = await admit(tx, input, { id: organizationId });
    if ("secretId" in of) {
      const secret = await readable(tx, access, of.secretId);
      const rows = await tx.versions.list(secret.id, { before: secret.version, limit: shownMax });
      const all: PastVersion[] = [];
      for (const version of rows) all.push(await past(tx, access, secret, version));
      return all;
    }
    const found: PastVersion[] = [];
    let hidden: unknown = null;
    for (const id of of.ids) {
      const version = await tx.versions.find(organizationId, id);
      if (version === null) continue;
      try {
        const secret = await readable(tx, access, version.secretId);
        if (secret.versionId !== version.id) found.push(await past(tx, access, secret, version));
      } catch (error) {
        if (!(error instanceof CofferError) || error.code !== "secret.not_found") throw error;
        hidden = error;
      }
    }
    // Nothing is left: then it is a refusal, and written down.
    if (found.length === 0 && hidden !== null) throw hidden;
    return found.sort((one, other) => other.replacedAt - one.replacedAt);
  },
};

async function readable(tx: ReadTransaction, access: Access, id: string): Promise<Secret> {
  const secret = await tx.secrets.get(access.organization.id, id);
  if (secret === null || secret.state !== "active") throw secretNotFound();
  if (!mayOnSecret(access, secret).read) throw secretNotFound("not his to see");
  return secret;
}

async function past(
  tx: ReadTransaction,
  access: Access,
  secret: Secret,
  version: Version,
): Promise<PastVersion> {
  const { id: organizationId } = access.organization;
  const next = await tx.versions.next(secret.id, version.number);
  const by = next?.createdBy ?? version.createdBy;
  const machine = by.kind === "machine" ? await tx.machines.find(organizationId, by.id) : null;
  const page = { after: null, limit: 1, only: by.id };
  const [membership] = by.kind === "person" ? await tx.people.list(organizationId, page) : [];
  return {
    version,
    storeId: secret.storeId,
    may: mayOnSecret(access, secret),
    replacedAt: next?.createdAt ?? version.createdAt,
    machineId: machine?.id ?? null,
    membershipId: membership?.id ?? null,
  };
}

interface RemoveInput extends OrganizationCall {
  readonly ids: readonly string[];
}

/** Past values for good: all of them or none. */
export const removePastVersions = mutation<RemoveInput, null>({
  name: "sight.versions.remove",
  frees: true,
  action: "secret.delete",
  target: () => someSecrets,
  run: async (tx, input) => {
    const { organizationId } = input;
    const access = await admit(tx, input, { id: organizationId });
    for (const id of input.ids) {
      const version = await tx.versions.find(organizationId, id);
      if (version === null) throw versionNotFound();
      const secret = await tx.secrets.get(organizationId, version.secretId);
      if (secret === null || secret.state !== "active") throw versionNotFound();
      const { because } = permit(access, "secret.delete", targetOf(secret), secretNotFound);
      if (secret.versionId === id) throw versionNotFound();
      await removePast(tx, secret.id, id, input.at);
      const target = secretTarget(access.organization.custody, secret);
      const details = { change: "version removed", version: version.number };
      await noted(tx, input, { action: "secret.delete", target, because, details });
    }
    return null;
  },
});
