// The history of a value: every write made an immutable version; restoring one makes a new one.
import { admit, permit, storeOf, targetOf } from "../access.ts";
import { actorOf } from "../caller.ts";
import { CofferError } from "../errors.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Query } from "../ports.ts";
import { commitSecrets, confirmTerm } from "./commit.ts";
import { liveSecret, secretOf } from "./find.ts";
import type { SealedValue, Secret, SecretRef, Version } from "./secret.ts";
import { refTarget } from "./target.ts";
import { demandPrecondition, type Precondition } from "./update.ts";

interface VersionsInput extends OrganizationCall {
  readonly store: Ref;
  readonly secret: SecretRef;
  readonly before: number | null;
  readonly limit: number;
}

export interface VersionList {
  readonly secret: Secret;
  /** One more than asked when more follow; newest first. */
  readonly rows: readonly Version[];
}

export const listVersions: Query<VersionsInput, VersionList> = {
  name: "version.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const secret = await secretOf(tx, access, store, input.secret);
    const page = { before: input.before, limit: input.limit + 1 };
    return { secret, rows: await tx.versions.list(secret.id, page) };
  },
};

interface PastInput extends OrganizationCall {
  readonly store: Ref;
  readonly secret: SecretRef;
  readonly number: number;
}

export interface PastValue {
  readonly secret: Secret;
  readonly version: Version;
  readonly sealed: Uint8Array;
}

/** A past value as it is sealed, for who may restore it. */
export const findPastValue: Query<PastInput, PastValue> = {
  name: "version.find",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const secret = await secretOf(tx, access, store, input.secret);
    permit(access, "secret.restore", targetOf(secret));
    const found = await tx.versions.sealed(secret.id, input.number);
    if (found === null) throw versionNotFound();
    return { secret, ...found };
  },
};

export interface RestoreInput extends OrganizationCall {
  readonly store: Ref;
  readonly secretId: string;
  readonly number: number;
  readonly versionId: string;
  readonly value: SealedValue;
  readonly precondition: Precondition;
}

export const restoreVersion = mutation<RestoreInput, Secret>({
  name: "version.restore",
  action: "secret.restore",
  target: ({ secretId }) => refTarget({ id: secretId }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, input.store);
    const before = await liveSecret(tx, access, store, { id: input.secretId });
    const { because } = permit(access, "secret.restore", targetOf(before));
    demandPrecondition(before, input.precondition);
    if ((await tx.versions.sealed(before.id, input.number)) === null) throw versionNotFound();
    await confirmTerm(tx, input.organizationId, input.value);
    const by = actorOf(input.caller);
    const after: Secret = {
      ...before,
      version: before.version + 1,
      versionId: input.versionId,
      updatedAt: input.at,
      updatedBy: by,
    };
    const version: Version = {
      id: input.versionId,
      secretId: before.id,
      number: after.version,
      state: "active",
      createdAt: input.at,
      createdBy: by,
    };
    const [written] = await commitSecrets(tx, input, access, [
      {
        kind: "secret.value",
        action: "secret.restore",
        because,
        store,
        before,
        after,
        value: { version, value: input.value },
        details: { from: `version ${input.number}` },
      },
    ]);
    return written ?? after;
  },
});

export function versionNotFound(): CofferError {
  return new CofferError("version.not_found", "The secret has no such version, or it is no longer kept.");
}
