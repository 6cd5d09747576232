// Accounts as who holds the host sees and changes them. No credential is asked for: these bodies are in
// no dialect's reach, and the host holds the keys of everything anyway.

import { principalNotFound } from "../access.ts";
import type { Caller } from "../caller.ts";
import { entryOf } from "../operation.ts";
import type { Command, Query } from "../ports.ts";
import type { AccountChange } from "./me.ts";
import type { Person } from "./person.ts";

interface AccountsInput {
  /** The folded e-mail address after which the page begins. */
  readonly after: string | null;
  readonly limit: number;
}

export const listAccounts: Query<AccountsInput, readonly Person[]> = {
  name: "account.list",
  run: (tx, page) => tx.people.accounts(page),
};

interface ChangeInput {
  readonly caller: Caller;
  readonly at: number;
  readonly account: { readonly id: string } | { readonly email: string };
  readonly change: AccountChange & { readonly operator?: boolean };
}

/** Null where the installation would be left without an operator: nothing is changed. */
export const changeAccount: Command<ChangeInput, Person | null> = {
  name: "account.change",
  run: async (tx, input) => {
    const { account, change } = input;
    // First: where several nodes run, two must not take the last two operators away.
    await tx.access.raiseInstallationEpoch();
    const person =
      "id" in account ? await tx.people.find(account.id) : await tx.people.findByEmail(account.email);
    if (person === null) throw principalNotFound();
    const after = { ...person, ...change };
    if (person.operator && !after.operator && !(await tx.people.hasOtherOperator(person.id))) return null;
    const changed = (["name", "email", "operator"] as const).filter(
      (field) => after[field] !== person[field],
    );
    if (changed.length > 0) await tx.people.update(after);
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "people.manage",
        target: { kind: "person", id: person.id, name: after.email, storeId: null },
        outcome: "allowed",
        because: "on the host",
        details: { changed, ...(changed.includes("operator") ? { operator: after.operator } : {}) },
      }),
    );
    return after;
  },
};
