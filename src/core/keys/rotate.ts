// A new term for an organization: from its commit on everything is sealed under a new key. What lies
// under the older terms still opens, and moves over afterwards, a little at a time (reseal.ts).
import { admit, organizationTarget, permit } from "../access.ts";
import { noted } from "../audit/noted.ts";
import type { Caller } from "../caller.ts";
import { quotaExceeded } from "../errors.ts";
import { limits } from "../limits.ts";
import { entryOf, mutation, type OrganizationCall } from "../operation.ts";
import type { Command, KeyRecord, Transaction } from "../ports.ts";
import { demandWrapping } from "./root.ts";
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
    await addTerm(tx, organizationId, key);
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
    await addTerm(tx, organizationId, key);
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

/**
 * From the commit on this key seals, and whoever sealed under the term before starts over. That term is
 * retired in a commit of its own: it waits for those who are sealing under it, and while they are being
 * waited for, others must not be held up. Throws `key.rotated` if another came first.
 */
async function addTerm(tx: Transaction, organizationId: string, key: KeyRecord): Promise<void> {
  await demandWrapping(tx, key.rootKeyId);
  const terms = await tx.keys.terms(organizationId);
  refuseTooMany(terms);
  if (nextTerm(terms) !== key.term || !(await tx.keys.insertTerm(key))) throw keyRotated();
}

interface RetireInput {
  readonly caller: Caller;
  readonly at: number;
  readonly organizationId: string;
}

/** All terms before the current one open, and never seal again. */
export const retireTerms: Command<RetireInput, null> = {
  name: "keys.retire",
  run: async (tx, input) => {
    const { organizationId, at } = input;
    const current = currentOf(await tx.keys.terms(organizationId));
    if (current === null) return null;
    for (const term of await tx.keys.retireBefore(organizationId, current.number, at)) {
      await tx.audit.append(
        entryOf(input, {
          organizationId,
          action: "key.retire",
          target: termTarget(term),
          outcome: "allowed",
          because: "rotation",
          details: { term: term.number },
        }),
      );
    }
    return null;
  },
};

export function nextTerm(terms: readonly Pick<Term, "number">[]): number {
  return Math.max(0, ...terms.map(({ number }) => number)) + 1;
}

export function refuseTooMany(terms: readonly Term[]): void {
  const kept = terms.filter(({ state }) => state !== "destroyed");
  if (kept.length >= limits.keyTermsMax) throw quotaExceeded("terms of a key", limits.keyTermsMax);
}
