// Finding a live secret as a caller named it.
import { type Access, anySecretIn, missing, permit, targetOf } from "../access.ts";
import type { ReadTransaction } from "../ports.ts";
import type { Store } from "../stores/store.ts";
import type { Secret, SecretRef } from "./secret.ts";

/** What the caller may do with it, and whether it is there for him, `permit` decides next. */
export async function liveSecret(
  tx: Pick<ReadTransaction, "secrets">,
  access: Access,
  store: Store,
  ref: SecretRef,
): Promise<Secret> {
  // With client custody a name is ciphertext: nobody finds a secret by it.
  const sealedName = "name" in ref && access.organization.custody === "client";
  const secret = sealedName ? null : await tx.secrets.find(store.id, ref);
  if (secret === null || secret.state !== "active") throw missing(access, anySecretIn(store));
  return secret;
}

/** A live secret whose metadata the caller may read. */
export async function secretOf(
  tx: Pick<ReadTransaction, "secrets">,
  access: Access,
  store: Store,
  ref: SecretRef,
): Promise<Secret> {
  const secret = await liveSecret(tx, access, store, ref);
  permit(access, "secret.read", targetOf(secret));
  return secret;
}
