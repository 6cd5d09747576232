// Who made what another operation has just answered, as contracts show it with an e-mail address. Only
// members of that organization are shown: who left it is nobody there any more.
import { admit } from "../access.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import type { Person } from "./person.ts";

interface AuthorsInput extends OrganizationCall {
  readonly ids: readonly string[];
}

export const findAuthors: Query<AuthorsInput, readonly Person[]> = {
  name: "people.authors",
  run: async (tx, input) => {
    await admit(tx, input, { id: input.organizationId });
    const people: Person[] = [];
    for (const id of new Set(input.ids)) {
      if ((await tx.access.role(input.organizationId, id)) === null) continue;
      const person = await tx.people.find(id);
      if (person !== null) people.push(person);
    }
    return people;
  },
};
