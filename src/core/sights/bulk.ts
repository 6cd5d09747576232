// Several steps that are one to their caller: all of them or none, in one commit.

import { type Replaced, replaceGrants } from "../grants/replace.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
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

interface ImportInput extends OrganizationCall {
  readonly stores: StoresInput["drafts"];
  /** By the stores they go into. */
  readonly secrets: readonly Pick<CreateInput, "store" | "drafts">[];
}

export const importAll = mutation<ImportInput, null>({
  name: "sight.import",
  action: "secret.create",
  target: () => someSecrets,
  run: async (tx, { stores, secrets, ...call }) => {
    if (stores.length > 0) await createStores.run(tx, { ...call, drafts: stores });
    const options = { foldNames: false, dryRun: false };
    for (const each of secrets) await createSecrets.run(tx, { ...call, ...each, ...options });
    return null;
  },
});

export type SharedWanted = Extract<Replaced, { readonly object: unknown }>["wanted"];

interface SharedInput extends OrganizationCall {
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
    const secret =
      "create" in write
        ? ((await createSecrets.run(tx, write.create))[0] ?? null)
        : await updateSecret.run(tx, write.update);
    if (secret === null) return null;
    const object = { kind: "secret", id: secret.id } as const;
    const kinds = ["person", "group", "machine"] as const;
    await replaceGrants.run(tx, { ...call, replaced: { object, kinds, wanted } });
    return secret;
  },
});
