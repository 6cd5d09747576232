// Groups, machines, services and grants on the wire: what is asked, what is given, and how the one
// becomes the other.
import { type Static, Type } from "typebox";
import { CofferError, invalid } from "../../core/errors.ts";
import {
  type Grant,
  type GrantObject,
  type GrantSubject,
  levels,
  objectKinds,
  subjectKinds,
} from "../../core/grants/grant.ts";
import type { GrantPlace } from "../../core/grants/port.ts";
import type { Group, GroupMember } from "../../core/groups/group.ts";
import { isUuid } from "../../core/ids.ts";
import type { Machine } from "../../core/machines/machine.ts";
import type { Custody } from "../../core/organizations/organization.ts";
import type { Service } from "../../core/services/service.ts";
import type { PageAsked } from "./pages.ts";
import * as present from "./present.ts";
import { idRef, placeRef } from "./refs.ts";
import { actor, list, nullable, oneOf, paging, strict, text, time } from "./schema.ts";

// ---- groups, machines, services ----------------------------------------------------------------

export const newName = strict({ name: text });
export const namePatch = strict({ name: Type.Optional(text) });

export const group = Type.Object({ id: text, name: text, createdAt: time });
export const groupMember = Type.Object({ id: text, name: text, email: text });

export function presentGroup({ id, name, createdAt }: Group): Static<typeof group> {
  return { id, name, createdAt: present.time(createdAt) };
}

export function presentGroupMember({ id, name, email }: GroupMember): Static<typeof groupMember> {
  return { id, name, email };
}

export const machine = Type.Object({
  id: text,
  /** Null where clients seal names (client custody). */
  name: nullable(text),
  createdAt: time,
  createdBy: actor,
  /** When it was renamed, or given or denied something. */
  changedAt: time,
});

export function presentMachine(it: Machine, custody: Custody): Static<typeof machine> {
  return {
    id: it.id,
    name: custody === "client" ? null : it.name,
    createdAt: present.time(it.createdAt),
    createdBy: it.createdBy,
    changedAt: present.time(it.changedAt),
  };
}

const stores = Type.Optional(nullable(list(text)));
export const newService = strict({ name: text, stores });
export const servicePatch = strict({ name: Type.Optional(text), stores });

export const service = Type.Object({
  id: text,
  name: text,
  /** Ids; null: every store. */
  stores: nullable(list(text)),
  createdAt: time,
  createdBy: actor,
});

export function presentService(it: Service): Static<typeof service> {
  const { id, name, createdBy } = it;
  return { id, name, stores: it.stores, createdAt: present.time(it.createdAt), createdBy };
}

export function storeRefs(given: readonly string[] | null) {
  return given === null ? null : given.map((store) => placeRef("store", store));
}

// ---- grants --------------------------------------------------------------------------------------

const subject = strict({ kind: oneOf(subjectKinds), id: text });
const object = strict({ kind: oneOf(objectKinds), id: text });
const level = oneOf(levels);

export const newGrant = strict({ subject, object, level });
export const grantRemoval = strict({ subject, object, level: Type.Optional(level) });
export const grant = Type.Object({
  subject: Type.Object({ kind: oneOf(subjectKinds), id: text }),
  object: Type.Object({ kind: oneOf(objectKinds), id: text }),
  level,
});

export const grantFilter = strict({
  subject: Type.Optional(Type.String({ description: "`person:ID`, `group:ID` or `machine:ID`." })),
  object: Type.Optional(
    Type.String({ description: "`organization:ID`, `store:ID`, `secret:ID` or `machine:ID`." }),
  ),
  ...paging,
});

export function presentGrant({ subject: to, object: on, level: held }: Grant): Static<typeof grant> {
  return { subject: { kind: to.kind, id: to.id }, object: { kind: on.kind, id: on.id }, level: held };
}

export function placeOf(given: Static<typeof grantRemoval>): GrantPlace {
  return {
    subject: { kind: given.subject.kind, id: idRef("subject.id", given.subject.id) },
    object: { kind: given.object.kind, id: idRef("object.id", given.object.id) },
  };
}

export function subjectOf(text: string): GrantSubject {
  const found = partyOf(text, subjectKinds);
  if (found === null) throw invalid("subject", "must be a kind and an id like group:ID");
  return found;
}

export function objectOf(text: string): GrantObject {
  const found = partyOf(text, objectKinds);
  if (found === null) throw invalid("object", "must be a kind and an id like store:ID");
  return found;
}

function partyOf<K extends string>(text: string, kinds: readonly K[]): { kind: K; id: string } | null {
  const colon = text.indexOf(":");
  const kind = kinds.find((each) => each === text.slice(0, colon));
  const id = text.slice(colon + 1);
  return kind === undefined || !isUuid(id) ? null : { kind, id: id.toLowerCase() };
}

/** A cursor may be forged: what is no grant goes no further. */
export function grantAfter({ after }: PageAsked): GrantPlace | null {
  if (after === null) return null;
  const on = typeof after.key === "string" ? partyOf(after.key, objectKinds) : null;
  const to = partyOf(after.id, subjectKinds);
  if (on !== null && to !== null) return { subject: to, object: on };
  const rule = "must be one that this list gave for the same filters and order";
  throw new CofferError("cursor.invalid", `"cursor" ${rule}`, { field: "cursor" });
}
