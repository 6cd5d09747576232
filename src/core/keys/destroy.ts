// Destroying a term: the wrapped key goes, and with it the last way to open what was ever sealed under
// it. Keeps: never while anything in the database is sealed under it, proved in the same transaction;
// a retired term seals nothing new, so the proof still holds at the commit.
import { admit, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import { keyInUse, keyNotFound, type Term, termTarget } from "./term.ts";

interface DestroyInput extends OrganizationCall {
  readonly term: number;
}

export const destroyKey = mutation<DestroyInput, null>({
  name: "keys.destroy",
  action: "key.manage",
  target: () => termTarget(null),
  run: async (tx, input) => {
    const { organizationId, term } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { because } = permit(access, "key.manage", organizationTarget());
    const destroyed = await destroyTerm(tx, organizationId, term, input.at);
    await noted(tx, input, {
      action: "key.manage",
      target: termTarget(destroyed),
      because,
      details: { change: "destroyed", term, references: 0 },
    });
    return null;
  },
});

export async function destroyTerm(
  tx: Transaction,
  organizationId: string | null,
  number: number,
  at: number,
): Promise<Term> {
  const terms = await tx.keys.terms(organizationId);
  const term = terms.find((one) => one.number === number);
  if (term === undefined || term.state === "destroyed") throw keyNotFound();
  if (term.state === "current") throw keyInUse("This term seals; rotate the key first.");
  if (await tx.keys.isReferenced(organizationId, number)) {
    throw keyInUse("Something is still sealed under this term; rewrap first.");
  }
  if (!(await tx.keys.destroy(term.id, at))) throw keyNotFound();
  return term;
}
