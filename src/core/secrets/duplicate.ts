// Copying a secret: its current value under a new address, with policy, consumers and expiry
// unless the request says otherwise. The value goes from seal to seal inside the keyring.
import { type Access, admit, permit, storeOf, storeTarget, targetOf } from "../access.ts";
import { authorize } from "../authorize.ts";
import { demandNoMore } from "../confer.ts";
import { CofferError } from "../errors.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import type { Store } from "../stores/store.ts";
import { commitSecrets, confirmTerm, writeAlone } from "./commit.ts";
import { creation, type Draft } from "./create.ts";
import { secretOf } from "./find.ts";
import { nameTaken, type Secret, type SecretRef, secretNotFound } from "./secret.ts";
import { refTarget } from "./target.ts";

interface SourceInput extends OrganizationCall {
  readonly store: Ref;
  readonly secret: SecretRef;
  readonly toStore: Ref | null;
}

export interface DuplicateSource {
  readonly secret: Secret;
  readonly sealed: Uint8Array | null;
}

export const findDuplicateSource: Query<SourceInput, DuplicateSource> = {
  name: "secret.duplicate-source",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { secret } = await places(tx, access, input);
    return { secret, sealed: secret.versionId === null ? null : await tx.secrets.sealedOf(secret.versionId) };
  },
};

export interface DuplicateInput extends SourceInput {
  /** The source as it was when its value was sealed anew. */
  readonly sourceRevision: number;
  readonly draft: Draft;
  readonly foldNames: boolean;
}

export const duplicateSecret = mutation<DuplicateInput, Secret>({
  name: "secret.duplicate",
  action: "secret.create",
  target: ({ secret }) => refTarget(secret),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { secret, to, because } = await places(tx, access, input);
    const { draft } = input;
    demandReaders(access, secret, draft, input.at);
    demandNoMore(access, ["secret.reveal"], targetOf(secret), targetOf({ ...secret, name: draft.name }));
    if (secret.revision !== input.sourceRevision) throw sourceMoved();
    if (draft.value !== null) await confirmTerm(tx, input.organizationId, draft.value);
    if (input.foldNames) {
      await writeAlone(tx, input.organizationId);
      if ((await tx.secrets.findFolded(to.id, draft.name)).length > 0) throw nameTaken();
    }
    const change = creation(input, to, draft, because, { duplicatedFrom: secret.id });
    const [written] = await commitSecrets(tx, input, access, [change]);
    if (written === null || written === undefined) throw secretNotFound();
    return written;
  },
});

/** Into another store the copy shows the value to other readers: that needs reading it here. */
async function places(
  tx: ReadTransaction,
  access: Access,
  input: SourceInput,
): Promise<{ secret: Secret; to: Store; because: string }> {
  const from = await storeOf(tx, access, input.store);
  const secret = await secretOf(tx, access, from, input.secret);
  const to = input.toStore === null ? from : await storeOf(tx, access, input.toStore);
  if (to.id !== from.id) {
    permit(access, "secret.reveal", targetOf(secret));
  }
  const { because } = permit(access, "secret.create", storeTarget(to));
  return { secret, to, because };
}

/**
 * A copy under other terms shows the value to others than the source does, or for longer: that needs the
 * right to change them on the source, or else reading the value there, which nobody can of an expired one.
 */
function demandReaders(access: Access, source: Secret, copy: Draft, at: number): void {
  const same = (["policy", "consumers", "expiresAt"] as const).every(
    (field) => JSON.stringify(copy[field]) === JSON.stringify(source[field]),
  );
  const target = targetOf(source);
  if (same || authorize(access.authority, "secret.update", target).allowed) return;
  const expired = source.expiresAt !== null && source.expiresAt <= at;
  permit(access, expired ? "secret.update" : "secret.reveal", target);
}

/** The caller of the operation tries again with the source as it now is. */
export function sourceMoved(): CofferError {
  return new CofferError("precondition.failed", "The source changed while it was being copied.");
}
