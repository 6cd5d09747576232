// All grants of one kind in one place, replaced by others at once: those to people and groups or to
// machines on one object, or those of one machine on stores. What stays as it is shown is not touched.
import { type Access, admit, changeAccess, permit, principalNotFound } from "../access.ts";
import { tellAccessChanged } from "../access-changed.ts";
import { noted } from "../audit/noted.ts";
import { groupNotFound } from "../groups/group.ts";
import { limits } from "../limits.ts";
import { machineNotFound, machineTarget } from "../machines/machine.ts";
import { mutation, type OrganizationCall } from "../operation.ts";
import type { Transaction } from "../ports.ts";
import { demandGrant } from "./confer.ts";
import { type Grant, type GrantObject, type GrantSubject, isStronger, type Level } from "./grant.ts";
import { putNew } from "./maker.ts";
import { objectAuditTarget, permittedObject } from "./object.ts";

/** People are named by their memberships. */
export interface WantedSubject {
  readonly kind: "membership" | "group" | "machine";
  readonly id: string;
}

export type Replaced =
  | {
      readonly object: GrantObject;
      readonly kinds: readonly GrantSubject["kind"][];
      readonly wanted: readonly { readonly subject: WantedSubject; readonly write: boolean }[];
    }
  | {
      readonly machineId: string;
      readonly wanted: readonly { readonly storeId: string; readonly write: boolean }[];
    };

interface ReplaceInput extends OrganizationCall {
  readonly replaced: Replaced;
}

export const replaceGrants = mutation<ReplaceInput, null>({
  name: "grant.replace",
  action: "grant.manage",
  target: ({ replaced }) =>
    objectAuditTarget("object" in replaced ? replaced.object : { kind: "machine", id: replaced.machineId }),
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    await replaceAll(tx, input, access, input.replaced);
    return null;
  },
});

interface Change {
  readonly subject: GrantSubject;
  readonly object: GrantObject;
  readonly before: Level | null;
  readonly level: Level | null;
}

async function replaceAll(
  tx: Transaction,
  call: OrganizationCall,
  access: Access,
  replaced: Replaced,
): Promise<void> {
  const { organizationId, at } = call;
  const before = await grantsBefore(tx, access, replaced);
  const wanted = await grantsAfter(tx, access, replaced, before);
  const changes = changesOf(before, wanted);
  if (changes.length === 0) return;
  const known = new Set(before.map(({ subject }) => subject.id));
  for (const change of changes) await permitChange(tx, access, replaced, change, known);
  await changeAccess(tx, organizationId, access.epochs);
  for (const { subject, object, before: level, level: next } of changes) {
    if (next === null) await tx.grants.remove(organizationId, subject, object);
    else if (level === null) await putNew(tx, organizationId, { subject, object, level: next }, at);
    else await tx.grants.put(organizationId, { subject, object, level: next }, at);
    if (subject.kind === "machine") await tx.machines.touch(subject.id, at);
    const { told, because } = await permittedObject(tx, access, object, "grant.manage");
    const details = { subject: { kind: subject.kind, id: subject.id }, level: next, before: level };
    await noted(tx, call, { action: "grant.manage", target: told, because, details });
  }
  const moved = changes.filter(({ object }) => object.kind !== "machine").map(({ subject }) => subject.id);
  await tellAccessChanged(tx, call, [...new Set(moved)]);
}

async function grantsBefore(tx: Transaction, access: Access, replaced: Replaced): Promise<readonly Grant[]> {
  const { id: organizationId, defaultStoreId } = access.organization;
  if ("object" in replaced) {
    const { object, kinds } = replaced;
    await permittedObject(tx, access, object, "grant.manage");
    const filter = { subject: null, object, onMachines: true };
    const all = await tx.grants.list(organizationId, filter, {
      after: null,
      limit: limits.grantsOnObjectMax,
    });
    return all.filter(({ subject }) => kinds.includes(subject.kind));
  }
  const { machineId } = replaced;
  permit(access, "machine.manage", machineTarget({ id: machineId }), machineNotFound);
  if ((await tx.machines.find(organizationId, machineId)) === null) throw machineNotFound();
  const filter = { subject: { kind: "machine", id: machineId } as const, object: null, onMachines: false };
  const all = await tx.grants.list(organizationId, filter, { after: null, limit: limits.grantsOfSubjectMax });
  return all.filter(({ object }) => object.kind === "store" && object.id !== defaultStoreId);
}

async function grantsAfter(
  tx: Transaction,
  access: Access,
  replaced: Replaced,
  before: readonly Grant[],
): Promise<readonly Grant[]> {
  const after: Grant[] = [];
  if ("object" in replaced) {
    const { object } = replaced;
    for (const { subject, write } of replaced.wanted) {
      after.push(
        kept(before, { subject: await subjectOf(tx, access, subject), object, level: "read" }, write),
      );
    }
    return after;
  }
  const subject = { kind: "machine", id: replaced.machineId } as const;
  for (const { storeId, write } of replaced.wanted) {
    after.push(kept(before, { subject, object: { kind: "store", id: storeId }, level: "read" }, write));
  }
  return after;
}

/** The level that says so: the one that is there, where it says it already. Only people manage. */
function kept(before: readonly Grant[], grant: Grant, write: boolean): Grant {
  const { subject, object } = grant;
  const now = before.find((each) => each.subject.id === subject.id && each.object.id === object.id)?.level;
  const shownAsWrite = object.kind === "machine" ? now === "manage" : now === "write" || now === "manage";
  if (now !== undefined && shownAsWrite === write) return { ...grant, level: now };
  if (!write) return { ...grant, level: "read" };
  return { ...grant, level: subject.kind === "machine" ? "write" : "manage" };
}

async function subjectOf(
  tx: Transaction,
  { organization }: Access,
  { kind, id }: WantedSubject,
): Promise<GrantSubject> {
  if (kind === "membership") {
    const person = (await tx.people.membership(organization.id, id))?.person ?? null;
    if (person === null) throw principalNotFound();
    return { kind: "person", id: person.id };
  }
  if (kind === "group") {
    if ((await tx.groups.find(organization.id, id)) === null) throw groupNotFound();
  } else if ((await tx.machines.find(organization.id, id)) === null) throw machineNotFound();
  return { kind, id };
}

function changesOf(before: readonly Grant[], after: readonly Grant[]): readonly Change[] {
  const same = (one: Grant, other: Grant) =>
    one.subject.id === other.subject.id && one.object.id === other.object.id;
  const changes: Change[] = before
    .filter((grant) => !after.some((other) => same(grant, other)))
    .map(({ subject, object, level }) => ({ subject, object, before: level, level: null }));
  for (const grant of after) {
    const { subject, object, level } = grant;
    const now = before.find((other) => same(grant, other))?.level ?? null;
    if (now !== level) changes.push({ subject, object, before: now, level });
  }
  return changes;
}

async function permitChange(
  tx: Transaction,
  access: Access,
  replaced: Replaced,
  { subject, object, before, level }: Change,
  known: ReadonlySet<string>,
): Promise<void> {
  if (!("object" in replaced)) await permittedObject(tx, access, object, "grant.manage");
  else if (subject.kind === "machine" && !known.has(subject.id)) {
    permit(access, "machine.manage", machineTarget(subject), machineNotFound);
  }
  if (level !== null && (before === null || isStronger(level, before))) {
    await demandGrant(tx, access, { object, level });
  }
}
