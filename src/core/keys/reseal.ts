// Moving values from retired terms to the current one. Only the sealed bytes move: no version is made,
// no revision, no date. A value that somebody changed meanwhile is left as he left it. Keeps: what the
// audit trail says of a secret's ciphertext stays true, because each that moves is said anew.
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import { entryOf } from "../operation.ts";
import { type Custody, organizationNotFound } from "../organizations/organization.ts";
import type { Command, Query, Transaction } from "../ports.ts";
import { secretDigest } from "../secrets/digest.ts";
import type { SealedValue, Secret } from "../secrets/secret.ts";
import { secretTarget } from "../secrets/target.ts";
import {
  currentOf,
  isUnfinished,
  keyRotated,
  type StoredPosition,
  type StoredValue,
  type Term,
  termTarget,
} from "./term.ts";

interface PageInput {
  readonly organizationId: string;
  readonly after: StoredPosition | null;
  readonly limit: number;
}

export interface StoredPage {
  /** Whether an older term still seals what was begun before the current one. */
  readonly toRetire: boolean;
  readonly values: readonly StoredValue[];
}

export const storedValues: Query<PageInput, StoredPage> = {
  name: "keys.values",
  run: async (tx, { organizationId, after, limit }) => {
    const terms = await tx.keys.terms(organizationId);
    const current = currentOf(terms);
    if (current === null || !isUnfinished(terms)) return { toRetire: false, values: [] };
    const toRetire = terms.some((term) => term.state === "current" && term !== current);
    const values = await tx.keys.valuesBefore(organizationId, current.number, { after, limit });
    return { toRetire, values };
  },
};

/** Organizations whose rotation has not come to its end, by id. */
export const unfinishedRotations: Query<{ readonly after: string | null }, readonly string[]> = {
  name: "keys.unfinished",
  run: (tx, { after }) => tx.keys.unfinished({ after, limit: limits.resealOrganizations }),
};

export interface Resealed {
  readonly stored: StoredValue;
  readonly value: SealedValue;
}

interface ResealInput {
  readonly caller: Caller;
  readonly at: number;
  readonly organizationId: string;
  readonly items: readonly Resealed[];
}

export interface Moved {
  readonly moved: number;
  /** Whether something lies under a retired term still. */
  readonly left: boolean;
}

export const resealValues: Command<ResealInput, Moved> = {
  name: "keys.reseal",
  run: async (tx, input) => {
    const { organizationId, items } = input;
    const organization = await tx.organizations.find({ id: organizationId });
    if (organization === null) throw organizationNotFound();
    for (const term of new Set(items.map(({ value }) => value.term))) {
      if (!(await tx.installation.isCurrentTerm(organizationId, term))) throw keyRotated();
    }
    let moved = 0;
    const bySecret = Map.groupBy(items, ({ stored }) => stored.secretId);
    // In order of id, as everything that holds several secrets.
    for (const secretId of [...bySecret.keys()].sort()) {
      // Held first: whoever changes the secret then reads the bytes as they are after this, or was
      // done before, and his bytes are the ones that stay.
      const secret = await tx.keys.held(organizationId, secretId);
      if (secret === null) continue;
      for (const item of bySecret.get(secretId) ?? []) {
        if (!(await tx.keys.replaceSealed(item.stored, item.value))) continue;
        moved += 1;
        if (item.stored.versionId === secret.versionId)
          await say(tx, input, organization.custody, secret, item);
      }
    }
    for (const term of await tx.keys.noteEmptied(organizationId, input.at)) await sayEmptied(tx, input, term);
    const terms = await tx.keys.terms(organizationId);
    const left = isUnfinished(terms);
    const current = currentOf(terms);
    if (!left && current !== null) await tx.keys.endRotation(organizationId, current.number);
    return { moved, left };
  },
};

/** At the revision that stands: of two such entries the one of the later term counts. */
async function say(
  tx: Transaction,
  input: ResealInput,
  custody: Custody,
  secret: Secret,
  { value }: Resealed,
): Promise<void> {
  await tx.audit.append(
    entryOf(input, {
      organizationId: input.organizationId,
      action: "key.reseal",
      target: secretTarget(custody, secret),
      outcome: "allowed",
      because: "rotation",
      details: { revision: secret.revision, term: value.term, digest: secretDigest(secret, value.sealed) },
    }),
  );
}

async function sayEmptied(tx: Transaction, input: ResealInput, term: Term): Promise<void> {
  await tx.audit.append(
    entryOf(input, {
      organizationId: input.organizationId,
      action: "key.reseal",
      target: termTarget(term),
      outcome: "allowed",
      because: "rotation",
      details: { emptied: term.number },
    }),
  );
}
