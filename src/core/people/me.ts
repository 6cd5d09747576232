// One's own account. It reaches into every organization of its person, so only a token that does so too
// changes it: what one organization gave, or what was narrowed, must not.
import { type Call, liveCredential, permitPerson, unauthenticated } from "../access.ts";
import { CofferError } from "../errors.ts";
import { entryOf, mutation } from "../operation.ts";
import type { Query } from "../ports.ts";
import type { Person } from "./person.ts";

interface MeInput extends Call {
  readonly organizationId: null;
}

export const getMe: Query<MeInput, Person> = {
  name: "me.get",
  run: async (tx, input) => {
    const { principal } = await liveCredential(tx, input);
    const person = principal.kind === "person" ? await tx.people.find(principal.id) : null;
    if (person === null) throw denied("Only people have an account.", `${principal.kind}: no account`);
    return person;
  },
};

interface UpdateInput extends MeInput {
  readonly change: AccountChange;
}

export interface AccountChange {
  readonly name?: string;
  readonly email?: string;
}

export const updateMe = mutation<UpdateInput, Person>({
  name: "me.update",
  action: "people.manage",
  target: ({ caller }) => ({ kind: "person", id: caller.id, name: null, storeId: null }),
  run: async (tx, input) => {
    // First: who is made or unmade an operator meanwhile is looked at as that, and by no credential that ended.
    await tx.access.raiseInstallationEpoch();
    const { credential, because } = await permitPerson(tx, input, "people.manage");
    const { token, principal } = credential;
    if (token.reach !== null || token.stores !== null) {
      throw denied("A token that is narrowed does not change the account.", "token: narrowed");
    }
    const person = await tx.people.find(principal.id);
    if (person === null) throw unauthenticated();
    const { name = person.name, email = person.email } = input.change;
    // An address nobody has proved could catch an invitation that is meant for its owner, and the answer
    // would tell who has an account.
    if (email !== person.email && !person.operator) {
      throw denied("Only operators of this installation change e-mail addresses.", "not an operator");
    }
    const changed = [...(name === person.name ? [] : ["name"]), ...(email === person.email ? [] : ["email"])];
    const after = { ...person, name, email };
    if (changed.length > 0) await tx.people.rename(after);
    await tx.audit.append(
      entryOf(input, {
        organizationId: null,
        action: "people.manage",
        target: { kind: "person", id: person.id, name: email, storeId: null },
        outcome: "allowed",
        because,
        details: { changed },
      }),
    );
    return after;
  },
});

function denied(message: string, because: string): CofferError {
  return new CofferError("caller.denied", message, {}, { because });
}
