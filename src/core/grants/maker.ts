// What who makes a store or a machine gets on it: he does not hold it by his role, and could else do
// nothing with what he made. And the room that there is for grants, whoever gives them.
import type { Access } from "../access.ts";
import { quotaExceeded } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Transaction } from "../ports.ts";
import type { Grant, GrantObject } from "./grant.ts";

/** Null for who holds it anyway. A machine never manages. */
export function grantOfMaker({ authority }: Access, object: GrantObject): Grant | null {
  const { standing, principalId: id } = authority;
  if (standing?.kind === "machine") return { subject: { kind: "machine", id }, object, level: "write" };
  if (standing?.kind !== "person" || standing.role !== "member") return null;
  return { subject: { kind: "person", id }, object, level: "manage" };
}

export async function putNew(
  tx: Transaction,
  organizationId: string,
  grant: Grant,
  at: number,
): Promise<void> {
  await tx.grants.put(organizationId, grant, at);
  const { grantsOfSubjectMax, grantsOnObjectMax } = limits;
  const upTo = { ofSubject: grantsOfSubjectMax + 1, onObject: grantsOnObjectMax + 1 };
  const { ofSubject, onObject } = await tx.grants.count(organizationId, grant.subject, grant.object, upTo);
  if (ofSubject > grantsOfSubjectMax) throw quotaExceeded("grants to one subject", grantsOfSubjectMax);
  if (onObject > grantsOnObjectMax) throw quotaExceeded("grants on one object", grantsOnObjectMax);
}
