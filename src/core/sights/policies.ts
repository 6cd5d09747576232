// Grants as contracts show them that call them access policies: by whom, and whether they let him write.
// For who may read grants there.
import { type Access, admit, permit, principalNotFound } from "../access.ts";
import type { GrantObject, Level } from "../grants/grant.ts";
import { permittedObject } from "../grants/object.ts";
import { limits } from "../limits.ts";
import { machineNotFound, machineTarget } from "../machines/machine.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { mayOnStore } from "./sight.ts";

export interface PersonPolicy {
  readonly membershipId: string;
  readonly name: string;
  readonly email: string;
  readonly write: boolean;
  /** The caller himself. */
  readonly own: boolean;
}

export interface GroupPolicy {
  readonly id: string;
  readonly name: string;
  readonly write: boolean;
  /** The caller is in it. */
  readonly own: boolean;
}

export interface MachinePolicy {
  readonly id: string;
  readonly name: string;
  readonly write: boolean;
}

export interface Policies {
  readonly people: readonly PersonPolicy[];
  readonly groups: readonly GroupPolicy[];
  readonly machines: readonly MachinePolicy[];
}

interface OnInput extends OrganizationCall {
  readonly object: GrantObject;
}

export const policiesOn: Query<OnInput, Policies> = {
  name: "sight.policies",
  run: async (tx, input) => {
    const { organizationId, object } = input;
    const access = await admit(tx, input, { id: organizationId });
    await permittedObject(tx, access, object, "grant.read");
    const page = { after: null, limit: limits.grantsOnObjectMax };
    const grants = await tx.grants.list(organizationId, { subject: null, object, onMachines: true }, page);
    const people: PersonPolicy[] = [];
    const groups: GroupPolicy[] = [];
    const machines: MachinePolicy[] = [];
    for (const { subject, level } of grants) {
      const write = writes(object, level);
      if (subject.kind === "person") {
        const person = await personOf(tx, access, subject.id);
        if (person !== null) people.push({ ...person, write });
      } else if (subject.kind === "group") {
        const group = await groupOf(tx, access, subject.id);
        if (group !== null) groups.push({ ...group, write });
      } else {
        const machine = await tx.machines.find(organizationId, subject.id);
        if (machine !== null) machines.push({ id: machine.id, name: machine.name, write });
      }
    }
    return { people, groups, machines };
  },
};

/** On a machine only who manages it does more than see it. */
function writes(object: GrantObject, level: Level): boolean {
  return level === "manage" || (level === "write" && object.kind !== "machine");
}

type Named<T extends { readonly write: boolean }> = Omit<T, "write">;

async function personOf(
  tx: ReadTransaction,
  access: Access,
  id: string,
): Promise<Named<PersonPolicy> | null> {
  const [membership] = await tx.people.list(access.organization.id, { after: null, limit: 1, only: id });
  const { person = null, email = "" } = membership ?? {};
  if (membership === undefined || person === null) return null;
  return { membershipId: membership.id, name: person.name, email, own: id === access.authority.principalId };
}

async function groupOf(tx: ReadTransaction, access: Access, id: string): Promise<Named<GroupPolicy> | null> {
  const group = await tx.groups.find(access.organization.id, id);
  if (group === null) return null;
  const members = await tx.groups.members(id, { after: null, limit: limits.membersOfGroupMax });
  const own = members.some((member) => member.id === access.authority.principalId);
  return { id, name: group.name, own };
}

interface GrantedInput extends OrganizationCall {
  readonly machineId: string;
}

export interface GrantedPolicy {
  readonly storeId: string;
  readonly name: string;
  readonly write: boolean;
  /** Whether the caller may change it. */
  readonly permitted: boolean;
}

/** What a machine holds on stores, for who manages it. */
export const policiesOf: Query<GrantedInput, readonly GrantedPolicy[]> = {
  name: "sight.granted",
  run: async (tx, input) => {
    const { organizationId, machineId } = input;
    const access = await admit(tx, input, { id: organizationId });
    permit(access, "machine.manage", machineTarget({ id: machineId }), machineNotFound);
    if ((await tx.machines.find(organizationId, machineId)) === null) throw machineNotFound();
    const subject = { kind: "machine", id: machineId } as const;
    const page = { after: null, limit: limits.grantsOfSubjectMax };
    const held = await tx.grants.list(organizationId, { subject, object: null, onMachines: false }, page);
    const policies: GrantedPolicy[] = [];
    for (const { object, level } of held) {
      if (object.kind !== "store" || object.id === access.organization.defaultStoreId) continue;
      const store = await tx.stores.find(organizationId, { id: object.id });
      if (store === null) continue;
      const permitted = mayOnStore(access, store).write;
      policies.push({ storeId: store.id, name: store.name, write: level !== "read", permitted });
    }
    return policies;
  },
};

/**
 * All people and groups of the organization, for whoever is in it: who may give access has to name them.
 * A credential that is narrowed to something else is not for that.
 */
export const granteesIn: Query<OrganizationCall, Omit<Policies, "machines">> = {
  name: "sight.grantees",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { standing, scopes, stores } = access.authority;
    if (standing?.kind !== "person" || scopes !== null || stores !== null)
      throw principalNotFound("not for that");
    const all = { after: null, limit: limits.pageMax } as const;
    const memberships = await tx.people.list(input.organizationId, { ...all, only: null });
    const groups: GroupPolicy[] = [];
    for (const { id } of await tx.groups.list(input.organizationId, all)) {
      const group = await groupOf(tx, access, id);
      if (group !== null) groups.push({ ...group, write: false });
    }
    return {
      people: memberships.flatMap(({ id, person, email }) =>
        person === null
          ? []
          : [
              {
                membershipId: id,
                name: person.name,
                email,
                write: false,
                own: person.id === access.authority.principalId,
              },
            ],
      ),
      groups,
    };
  },
};
