// Making a trust: everything that its workloads will hold, its maker holds himself.
import { type Access, admit, changeAccess, permit, storeOf, storeTarget } from "../access.ts";
import { authorize, type Target } from "../authorize.ts";
import { actorOf } from "../caller.ts";
import { demandLasting, demandMachine, notHeld } from "../confer.ts";
import { CofferError } from "../errors.ts";
import { isUuid } from "../ids.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Transaction } from "../ports.ts";
import { trustTarget } from "./target.ts";
import type { Destination, Trust, TrustTerms } from "./trust.ts";

interface CreateInput extends OrganizationCall {
  readonly id: string;
  readonly terms: TrustTerms;
}

export const trustPlace: Target = { kind: "principal", storeId: null };

export const createTrust = mutation<CreateInput, Trust>({
  name: "trust.create",
  action: "trust.manage",
  target: ({ terms }) => trustTarget(null, terms.name),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { because } = permit(access, "trust.manage", trustPlace);
    const { terms, organizationId, id, at } = input;
    const leadsTo = terms.leadsTo === null ? null : await found(tx, access, terms.leadsTo);
    await demandHeld(tx, access, terms, leadsTo);
    const trust: Trust = {
      ...terms,
      leadsTo,
      id,
      organizationId,
      createdAt: at,
      createdBy: actorOf(input.caller),
    };
    await changeAccess(tx, organizationId, access.epochs);
    await tx.trusts.insert(trust);
    await tx.audit.append(
      entryOf(input, {
        organizationId,
        action: "trust.manage",
        target: trustTarget(id, terms.name),
        outcome: "allowed",
        because,
        details: { made: true, issuer: terms.issuer, as: terms.as === "job" ? "job" : "machine" },
      }),
    );
    return trust;
  },
});

/** Stores by their ids: one that takes the slug of a deleted store is not meant. */
async function found(tx: Transaction, access: Access, leadsTo: Destination): Promise<Destination> {
  if ("store" in leadsTo) return { store: await storeId(tx, access, leadsTo.store) };
  const stores = [];
  for (const { store, value } of leadsTo.stores) {
    stores.push({ store: await storeId(tx, access, store), value });
  }
  return { storeClaim: leadsTo.storeClaim, stores };
}

async function storeId(tx: Transaction, access: Access, text: string): Promise<string> {
  const ref: Ref = isUuid(text) ? { id: text } : { slug: text };
  const store = await storeOf(tx, access, ref);
  permit(access, "store.list", storeTarget(store));
  return store.id;
}

async function demandHeld(
  tx: Transaction,
  access: Access,
  { as }: TrustTerms,
  leadsTo: Destination | null,
): Promise<void> {
  if (as !== "job") return demandMachine(tx, access, as.machine);
  for (const id of storesOf(leadsTo)) {
    for (const action of ["job.manage", "secret.reveal"] as const) {
      const { allowed, because } = authorize(access.authority, action, storeTarget({ id }));
      if (!allowed) throw notHeld(`${because} (to let jobs in)`);
    }
  }
  demandLasting(access);
}

export function storesOf(leadsTo: Destination | null): readonly string[] {
  if (leadsTo === null) return [];
  return "store" in leadsTo ? [leadsTo.store] : leadsTo.stores.map(({ store }) => store);
}

export function audienceTaken(): CofferError {
  return new CofferError("trust.audience_taken", "A trust for that issuer and audience is there already.", {
    field: "audience",
  });
}
