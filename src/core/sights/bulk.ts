// Several steps that are one to their caller: all of them or none, in one commit.

import { embedded } from "../backends/backends.ts";
import { type Replaced, replaceGrants } from "../grants/replace.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import { type CreateInput, createSecrets } from "../secrets/create.ts";
import type { Secret } from "../secrets/secret.ts";
import { someSecrets } from "../secrets/target.ts";
import { purgeTrashed, restoreSecret } from "../secrets/trash.ts";
import { type UpdateInput, updateSecret } from "../secrets/update.ts";
import { createStores, type CreateInput as StoresInput } from "../stores/create.ts";

interface TrashInput extends OrganizationCall {
  readonly ids: readonly string[];
}

export const restoreAll = mutation<TrashInput, null>({
  name: "sight.trash.restore",
  action: "secret.restore",
  target: () => someSecrets,
  run: async (tx, { ids, ...call }) => {
    for (const id of ids) await restoreSecret.run(tx, { ...call, id, name: null });
    return null;
  },
});

export const purgeAll = mutation<TrashInput, null>({
  name: "sight.trash.purge",
  frees: true,
  action: "secret.purge",
  target: () => someSecrets,
  run: async (tx, { ids, ...call }) => {
    for (const id of ids) await purgeTrashed.run(tx, { ...call, id });
    return null;
  },
});

export interface ImportInput extends OrganizationCall {
  readonly stores: StoresInput["drafts"];
  /** By the stores they go into. */
  readonly secrets: readonly Pick<CreateInput, "store" | "drafts">[];
}

export const importAll = mutation<ImportInput, null>({
  name: "sight.import",
  action: "secret.create",
  target: () => someSecrets,
  run: async (tx, { stores, secrets, ...asked }) => {
    if (stores.length > 0) await createStores.run(tx, { ...asked, drafts: stores });
    const options = { foldNames: false, dryRun: false };
    const call = await alike(tx, asked, secrets);
    for (const each of secrets) await createSecrets.run(tx, { ...call, ...each, ...options });
    return null;
  },
});

/** Where one store's values have to be waited for, those of the others wait too: it is all or none. */
async function alike(
  tx: Transaction,
  call: OrganizationCall,
  secrets: ImportInput["secrets"],
): Promise<OrganizationCall> {
  if (call.remote?.step !== "intend") return call;
  const found = await Promise.all(secrets.map(({ store }) => tx.stores.find(call.organizationId, store)));
  const wholly = found.some((store) => store !== null && store.backend !== embedded);
  return { ...call, remote: { ...call.remote, wholly } };
}

export type SharedWanted = Extract<Replaced, { readonly object: unknown }>["wanted"];

export interface SharedInput extends OrganizationCall {
  readonly write: { readonly create: CreateInput } | { readonly update: UpdateInput };
  /** On the secret itself. */
  readonly wanted: SharedWanted;
}

/** A secret with who has access to it alone. */
export const writeShared = mutation<SharedInput, Secret | null>({
  name: "sight.write-shared",
  action: ({ write }) => ("create" in write ? "secret.create" : "secret.update"),
  target: () => someSecrets,
  run: async (tx, { write, wanted, ...call }) => {
    const { at, remote } = call;
    const now = remote === undefined ? {} : { at, remote };
    const secret =
      "create" in write
        ? ((await createSecrets.run(tx, { ...write.create, ...now }))[0] ?? null)
        : await updateSecret.run(tx, { ...write.update, ...now });
    if (secret === null) return null;
    // Nothing of it is there yet: who has access to it is written when it is.
    if (remote?.step === "intend" && (remote.writes?.length ?? 0) > 0) return secret;
    const object = { kind: "secret", id: secret.id } as const;
    const kinds = ["person", "group", "machine"] as const;
    await replaceGrants.run(tx, { ...call, replaced: { object, kinds, wanted } });
    return secret;
  },
});
