// Renaming a trust, and ending it with every session it let in. What it trusts cannot be changed: that
// would be another one, and is made as one.
import { type Access, admit, changeAccess, permit } from "../access.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import type { Json } from "../stores/store.ts";
import { trustPlace } from "./create.ts";
import { trustNotFound, trustTarget } from "./target.ts";
import type { Trust } from "./trust.ts";

interface RenameInput extends OrganizationCall {
  readonly id: string;
  readonly name: string;
}

export const renameTrust = mutation<RenameInput, Trust>({
  name: "trust.rename",
  action: "trust.manage",
  target: ({ id }) => trustTarget(id, null),
  run: async (tx, input) => {
    const { trust, because } = await managed(tx, input);
    const after = { ...trust, name: input.name };
    await tx.trusts.rename(trust.id, input.name);
    await noted(tx, input, after, because, { changed: after.name === trust.name ? [] : ["name"] });
    return after;
  },
});

interface RemoveInput extends OrganizationCall {
  readonly id: string;
}

export const removeTrust = mutation<RemoveInput, null>({
  name: "trust.delete",
  frees: true,
  action: "trust.manage",
  target: ({ id }) => trustTarget(id, null),
  run: async (tx, input) => {
    const { access, trust, because } = await managed(tx, input);
    await changeAccess(tx, input.organizationId, access.epochs);
    await tx.trusts.remove(trust.id);
    await noted(tx, input, trust, because, { ended: true });
    return null;
  },
});

async function managed(
  tx: Transaction,
  input: OrganizationCall & { readonly id: string },
): Promise<{ access: Access; trust: Trust; because: string }> {
  const access = await admit(tx, input, { id: input.organizationId });
  const { because } = permit(access, "trust.manage", trustPlace, trustNotFound);
  const trust = await tx.trusts.find(input.organizationId, input.id);
  if (trust === null) throw trustNotFound();
  return { access, trust, because };
}

async function noted(
  tx: Transaction,
  input: OrganizationCall,
  trust: Trust,
  because: string,
  details: Readonly<Record<string, Json>>,
): Promise<void> {
  await tx.audit.append(
    entryOf(input, {
      organizationId: trust.organizationId,
      action: "trust.manage",
      target: trustTarget(trust.id, trust.name),
      outcome: "allowed",
      because,
      details,
    }),
  );
}
