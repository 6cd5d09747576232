// A grant: who holds which level on what. There are no rules that deny; what someone holds is the
// union of his grants, his role and what he is.
import type { Action } from "../actions.ts";
import { CofferError, invalid } from "../errors.ts";
import type { Position } from "../pagination.ts";

export const levels = ["read", "write", "manage"] as const;
export type Level = (typeof levels)[number];

export function isStronger(level: Level, other: Level): boolean {
  return levels.indexOf(level) > levels.indexOf(other);
}

export const subjectKinds = ["person", "group", "machine"] as const;
export type SubjectKind = (typeof subjectKinds)[number];

export const objectKinds = ["organization", "store", "secret", "machine"] as const;
export type ObjectKind = (typeof objectKinds)[number];

export interface GrantSubject {
  readonly kind: SubjectKind;
  readonly id: string;
}

export interface GrantObject {
  readonly kind: ObjectKind;
  readonly id: string;
}

export interface Grant {
  readonly subject: GrantSubject;
  readonly object: GrantObject;
  readonly level: Level;
}

/** A grant as its holder has it: directly, or through a group of that name. */
export interface HeldGrant {
  readonly object: GrantObject;
  readonly level: Level;
  readonly group: string | null;
}

const read: readonly Action[] = ["store.list", "store.read", "secret.list", "secret.read", "secret.reveal"];

const write: readonly Action[] = [
  ...read,
  "secret.create",
  "secret.update",
  "secret.write",
  "secret.delete",
  "secret.restore",
  "store.update",
  "store.delete",
];

const manage: readonly Action[] = [...write, "secret.purge", "grant.read", "grant.manage", "job.manage"];

/** What a level allows on an organization's stores, on one store or on one secret. */
export const levelActions: Readonly<Record<Level, ReadonlySet<Action>>> = {
  read: new Set(read),
  write: new Set(write),
  manage: new Set(manage),
};

const machineRead: readonly Action[] = ["machine.read"];

/** And on a machine: only who manages it gives it tokens and another name. */
export const machineLevelActions: Readonly<Record<Level, ReadonlySet<Action>>> = {
  read: new Set(machineRead),
  write: new Set(machineRead),
  manage: new Set([
    ...machineRead,
    "machine.manage",
    "token.read",
    "token.manage",
    "grant.read",
    "grant.manage",
  ]),
};

export function actionsOf(object: ObjectKind, level: Level): ReadonlySet<Action> {
  return (object === "machine" ? machineLevelActions : levelActions)[level];
}

/** A grant has no id of its own: its place in a list is its object, then its subject. */
export function grantPosition({ subject, object }: Grant): Position {
  return { key: `${object.kind}:${object.id}`, id: `${subject.kind}:${subject.id}` };
}

/** Machines read and write; they never manage. */
export function parseGrant(grant: Grant): void {
  parseGrantPlace(grant);
  if (grant.subject.kind === "machine" && grant.level === "manage") {
    throw invalid("level", "must be read or write where the subject is a machine");
  }
}

/** People and groups hold something on machines; machines hold nothing on each other. */
export function parseGrantPlace({ subject, object }: Pick<Grant, "subject" | "object">): void {
  if (subject.kind === "machine" && object.kind === "machine") {
    throw invalid("object.kind", "must be organization, store or secret where the subject is a machine");
  }
}

export function grantNotFound(): CofferError {
  return new CofferError("grant.not_found", "There is no such grant.");
}
