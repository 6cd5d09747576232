// A new term for an organization: from its commit on everything is sealed under a new key. What lies
// under the older terms still opens, and moves over afterwards, a little at a time (reseal.ts).
import { admit, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import type { Caller } from "../caller.ts";
import { quotaExceeded } from "../errors.ts";
import { limits } from "../limits.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Command, KeyRecord, Transaction } from "../ports.ts";
import { currentOf, keyRotated, type Term, termTarget } from "./term.ts";

interface RotateInput extends OrganizationCall {
  readonly key: KeyRecord;
}

export const rotateKey = mutation<RotateInput, null>({
  name: "keys.rotate",
  action: "key.manage",
  target: () => termTarget(null),
  run: async (tx, input) => {
    const { organizationId, key } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { because } = permit(access, "key.manage", organizationTarget());
    await addTerm(tx, organizationId, key, input.at);
    await noted(tx, input, {
      action: "key.manage",
      target: termTarget(key),
      because,
      details: { change: "rotated", term: key.term },
    });
    return null;
  },
});

interface RenewInput {
  readonly caller: Caller;
  readonly at: number;
  readonly organizationId: string;
  readonly key: KeyRecord;
  /** The term that may not seal any more. */
  readonly usedUp: number;
}

/** The server's own work: a term ended because it had sealed as much as one key may. */
export const renewKey: Command<RenewInput, null> = {
  name: "keys.renew",
  run: async (tx, input) => {
    const { organizationId, key, usedUp } = input;
    const current = currentOf(await tx.keys.terms(organizationId));
    // Another node was faster; its term is as good.
    if (current !== null && current.number !== usedUp) return null;
    await addTerm(tx, organizationId, key, input.at);
    await tx.audit.append(
      entryOf(input, {
        organizationId,
        action: "key.renew",
        target: termTarget(key),
        outcome: "allowed",
        because: "the term was used up",
        details: { term: key.term },
      }),
    );
    return null;
  },
};

/** Retires the current term and makes this key the next one. Throws `key.rotated` if another came first. */
export async function addTerm(
  tx: Transaction,
  organizationId: string | null,
  key: KeyRecord,
  at: number,
): Promise<void> {
  const terms = await tx.keys.terms(organizationId);
  refuseTooMany(terms);
  const current = currentOf(terms);
  if (nextTerm(terms) !== key.term) throw keyRotated();
  if (current !== null && !(await tx.keys.retire(current.id, at))) throw keyRotated();
  await tx.installation.insertKey(key);
}

export function nextTerm(terms: readonly Pick<Term, "number">[]): number {
  return Math.max(0, ...terms.map(({ number }) => number)) + 1;
}

function refuseTooMany(terms: readonly Term[]): void {
  const kept = terms.filter(({ state }) => state !== "destroyed");
  if (kept.length >= limits.keyTermsMax) throw quotaExceeded("terms of a key", limits.keyTermsMax);
}
