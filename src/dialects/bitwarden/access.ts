// Access policies in requests: who, and whether he may write. What breaks their rules has a sentence of
// its own, except that a list is no list.

import type { WantedSubject } from "../../core/grants/replace.ts";
import { isUuid } from "../../core/ids.ts";
import { BusinessRefusal, Refusal } from "./route.ts";
import { type Members, membersOf } from "./validation.ts";

export interface Asked {
  readonly id: string;
  readonly write: boolean;
}

export type AskedSubject = Omit<Asked, "id"> & { readonly subject: WantedSubject };

const fieldOf = {
  membership: "UserAccessPolicyRequests",
  group: "GroupAccessPolicyRequests",
  machine: "ServiceAccountAccessPolicyRequests",
} as const;

/** `both`: on a machine account whoever has access reads and writes. */
export function policiesIn(
  body: unknown,
  kinds: readonly WantedSubject["kind"][],
  both = false,
): readonly AskedSubject[] | Refusal | BusinessRefusal {
  const members = membersOf(body);
  const all: AskedSubject[] = [];
  for (const kind of kinds) {
    const listed = policyList(members, fieldOf[kind], "GranteeId", both);
    if (listed instanceof Refusal || listed instanceof BusinessRefusal) return listed;
    all.push(...listed.map(({ id, write }) => ({ subject: { kind, id }, write })));
  }
  return all;
}

export function policyList(
  members: Members,
  field: string,
  idField: "GranteeId" | "GrantedId",
  both: boolean,
): Asked[] | Refusal | BusinessRefusal {
  const given = members[field.toLowerCase()];
  if (!Array.isArray(given)) return new Refusal({ [field]: [`The ${field} field is required.`] });
  const asked: Asked[] = [];
  for (const [index, each] of given.entries()) {
    const policy = membersOf(each);
    const id = policy[idField.toLowerCase()];
    const { read, write } = policy;
    if (typeof id !== "string" || !isUuid(id)) {
      return new Refusal({ [`${field}[${index}].${idField}`]: [`The ${idField} field is required.`] });
    }
    if (both && !(read === true && write === true)) {
      return new BusinessRefusal("Machine account access must be Can read, write");
    }
    if (read !== true) return new BusinessRefusal("Resources must be Read = true");
    asked.push({ id: id.toLowerCase(), write: write === true });
  }
  if (new Set(asked.map(({ id }) => id)).size < asked.length) {
    return new BusinessRefusal("Resources must be unique");
  }
  return asked;
}
