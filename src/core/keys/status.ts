// How the keys of an organization stand, and how far a rotation has come.
import { admit, organizationTarget, permit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { currentOf, type Term } from "./term.ts";

export interface TermStatus extends Term {
  /** How many versions of secrets lie sealed under it. */
  readonly versions: number;
}

export interface KeyStatus {
  readonly terms: readonly TermStatus[];
  readonly progress: Progress;
}

/** `total` is all there is; it is done when everything lies under the current term. */
export interface Progress {
  readonly total: number;
  readonly done: number;
}

export const keyStatus: Query<OrganizationCall, KeyStatus> = {
  name: "keys.status",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "key.read", organizationTarget());
    return statusOf(tx, input.organizationId);
  },
};

async function statusOf(tx: ReadTransaction, organizationId: string): Promise<KeyStatus> {
  const terms = await tx.keys.terms(organizationId);
  const versions = await tx.keys.versionsByTerm(organizationId);
  const current = currentOf(terms);
  return {
    terms: terms.map((term) => ({ ...term, versions: versions.get(term.number) ?? 0 })),
    progress: {
      total: [...versions.values()].reduce((sum, count) => sum + count, 0),
      done: current === null ? 0 : (versions.get(current.number) ?? 0),
    },
  };
}

/** The numbers of all terms, for who makes the next one. It refuses who may not. */
export const termsToRotate: Query<OrganizationCall, readonly Term[]> = {
  name: "keys.terms",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "key.manage", organizationTarget());
    return tx.keys.terms(input.organizationId);
  },
};
