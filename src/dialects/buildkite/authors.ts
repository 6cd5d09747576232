// Who made what is about to be shown, looked up once for all of it.
import type { Actor, Caller } from "../../core/caller.ts";
import type { Operations } from "../../core/operations.ts";
import type { Ref } from "../../core/organizations/organization.ts";
import type { Authors } from "./present.ts";

interface Made {
  readonly createdBy: Actor;
  readonly updatedBy?: Actor | null;
}

export async function authorsOf(
  { people }: Pick<Operations, "people">,
  caller: Caller,
  org: Ref,
  made: readonly Made[],
): Promise<Authors> {
  const ids = new Set<string>();
  for (const { createdBy, updatedBy = null } of made) {
    for (const actor of [createdBy, updatedBy]) if (actor?.kind === "person") ids.add(actor.id);
  }
  const found = await people.authors(caller, org, [...ids]);
  return new Map(found.map((person) => [person.id, person]));
}
