// What a dialect may ask about what a caller sees.
import type { Action } from "../actions.ts";
import type { AuditTarget } from "../audit/entry.ts";
import type { Caller } from "../caller.ts";
import type { GrantObject } from "../grants/grant.ts";
import { objectAuditTarget } from "../grants/object.ts";
import { limits } from "../limits.ts";
import { machineNotFound } from "../machines/machine.ts";
import { callOf, type OrganizationCall, read, refusedEntry, writeRefusals } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import type { Position } from "../pagination.ts";
import type { Context, Query } from "../ports.ts";
import { parseBatch } from "../secrets/remove.ts";
import { secretNotFound } from "../secrets/secret.ts";
import { versionNotFound } from "../secrets/versions.ts";
import { storeNotFound } from "../stores/store.ts";
import { type SightChanges, sightChanges } from "./changes.ts";
import {
  countMachine,
  countOrganization,
  countReach,
  countStore,
  type MachineCounts,
  type OrganizationCounts,
  type StoreCounts,
} from "./counts.ts";
import { listMachineSights, listStoreSights, sightOfMachine, sightOfStore } from "./places.ts";
import { type GrantedPolicy, granteesIn, type Policies, policiesOf, policiesOn } from "./policies.ts";
import {
  listSecretSights,
  listTrashSights,
  type SecretSights,
  sightOfSecret,
  sightOfSecrets,
} from "./secrets.ts";
import type { MachineSight, SecretSight, StoreSight } from "./sight.ts";
import { changedSince } from "./sync.ts";
import { type PastOf, type PastVersion, pastVersions } from "./versions.ts";
import { type Admitted, admittedTo, type ThingKind, whereThing } from "./where.ts";

export interface SightOperations extends SightChanges {
  /** The organization of the caller in which it lies. Whether it is there for him, others decide. */
  where(caller: Caller, kind: ThingKind, id: string): Promise<string>;
  /** Throws for who is not in it. */
  admitted(caller: Caller, org: Ref): Promise<Admitted>;
  /** Throws for what is not there for him. */
  secret(caller: Caller, org: Ref, id: string): Promise<SecretSight>;
  /** In their order; null for what is not there for him. */
  secrets(caller: Caller, org: Ref, ids: readonly string[]): Promise<readonly (SecretSight | null)[]>;
  /** All that he may read, of one store or of all, by their last change. */
  allSecrets(caller: Caller, org: Ref, store: Ref | null): Promise<readonly SecretSight[]>;
  trash(caller: Caller, org: Ref): Promise<readonly SecretSight[]>;
  store(caller: Caller, org: Ref, id: string): Promise<StoreSight>;
  stores(caller: Caller, org: Ref): Promise<readonly StoreSight[]>;
  machine(caller: Caller, org: Ref, id: string): Promise<MachineSight>;
  machines(caller: Caller, org: Ref): Promise<readonly MachineSight[]>;
  /** Past values of one secret, or by their own ids; newest first. */
  pastVersions(caller: Caller, org: Ref, of: PastOf): Promise<readonly PastVersion[]>;
  policiesOn(caller: Caller, org: Ref, object: GrantObject): Promise<Policies>;
  policiesOf(caller: Caller, org: Ref, machineId: string): Promise<readonly GrantedPolicy[]>;
  /** Whom access can be given to. */
  grantees(caller: Caller, org: Ref): Promise<Omit<Policies, "machines">>;
  counts(caller: Caller, org: Ref): Promise<OrganizationCounts>;
  countsOfStore(caller: Caller, org: Ref, id: string): Promise<StoreCounts>;
  countsOfMachine(caller: Caller, org: Ref, id: string): Promise<MachineCounts>;
  /** How many secrets each of these machines reads. */
  reachOf(caller: Caller, org: Ref, machineIds: readonly string[]): Promise<readonly number[]>;
  changedSince(caller: Caller, org: Ref, since: number): Promise<boolean>;
}

const notThere = {
  store: storeNotFound,
  secret: secretNotFound,
  version: versionNotFound,
  machine: machineNotFound,
} as const;

const readingOf = {
  store: "store.read",
  secret: "secret.read",
  version: "secret.read",
  machine: "machine.read",
} as const satisfies Record<ThingKind, Action>;

const nothing = (kind: string, id: string | null = null): AuditTarget => ({
  kind,
  id,
  name: null,
  storeId: null,
});

export function sightOperations(ctx: Context, directory: Directory): SightOperations {
  const ask = async <I extends OrganizationCall, O>(
    query: Query<I, O>,
    where: "point" | "scan",
    asked: { caller: Caller; org: Ref; action: Action; target: AuditTarget },
    inputOf: (call: OrganizationCall) => I,
  ): Promise<O> => {
    const { caller, org, action, target } = asked;
    const { id } = await directory.locate(caller, org, action, target);
    const input = inputOf({ ...callOf(ctx, caller), organizationId: id });
    return read(ctx, { query, action, target, where }, input);
  };
  const secrets = (caller: Caller, org: Ref) =>
    ({ caller, org, action: "secret.list", target: nothing("secret") }) as const;
  const stores = (caller: Caller, org: Ref, id: string | null = null) =>
    ({ caller, org, action: "store.read", target: nothing("store", id) }) as const;
  const machines = (caller: Caller, org: Ref, id: string | null = null) =>
    ({ caller, org, action: "machine.read", target: nothing("machine", id) }) as const;
  const grants = (caller: Caller, org: Ref, object: GrantObject) =>
    ({ caller, org, action: "grant.read", target: objectAuditTarget(object) }) as const;
  /** Page by page, so that none of them holds a reader for long. */
  const whole = async (page: (after: Position | null) => Promise<SecretSights>) => {
    const all: SecretSight[] = [];
    for (let after: Position | null = null; ; ) {
      const { sights, next }: SecretSights = await page(after);
      all.push(...sights);
      if (next === null) return all.sort(byChange);
      after = next;
    }
  };
  const limit = limits.nativePageMax;

  return {
    ...sightChanges(ctx, directory),
    pastVersions: (caller, org, of) =>
      ask(pastVersions, "scan", secrets(caller, org), (call) => ({
        ...call,
        of: "ids" in of ? { ids: parseBatch("ids", of.ids) } : of,
      })),
    policiesOn: (caller, org, object) =>
      ask(policiesOn, "scan", grants(caller, org, object), (call) => ({ ...call, object })),
    policiesOf: (caller, org, machineId) =>
      ask(policiesOf, "scan", grants(caller, org, { kind: "machine", id: machineId }), (call) => ({
        ...call,
        machineId,
      })),
    grantees: (caller, org) =>
      ask(
        granteesIn,
        "scan",
        { caller, org, action: "people.read", target: nothing("people") },
        (call) => call,
      ),
    counts: (caller, org) => ask(countOrganization, "scan", secrets(caller, org), (call) => call),
    countsOfStore: (caller, org, id) =>
      ask(countStore, "scan", stores(caller, org, id), (call) => ({ ...call, id })),
    countsOfMachine: (caller, org, id) =>
      ask(countMachine, "scan", machines(caller, org, id), (call) => ({ ...call, id })),
    reachOf: (caller, org, machineIds) =>
      ask(countReach, "scan", machines(caller, org), (call) => ({ ...call, machineIds })),
    async where(caller, kind, id) {
      const call = { ...callOf(ctx, caller), organizationId: null };
      const found = await ctx.database.point(whereThing, { ...call, kind, id });
      if (found !== null) return found;
      const error = notThere[kind]();
      const entry = refusedEntry(call, readingOf[kind], nothing(kind, id), error);
      if (entry !== null) await writeRefusals(ctx, [entry]);
      throw error;
    },
    admitted: (caller, org) =>
      ask(
        admittedTo,
        "point",
        { caller, org, action: "organization.read", target: nothing("organization") },
        (call) => call,
      ),
    secret: (caller, org, id) => {
      const asked = { caller, org, action: "secret.read", target: nothing("secret", id) } as const;
      return ask(sightOfSecret, "point", asked, (call) => ({ ...call, id }));
    },
    secrets: (caller, org, ids) =>
      ask(sightOfSecrets, ids.length > 128 ? "scan" : "point", secrets(caller, org), (call) => ({
        ...call,
        ids: parseBatch("ids", ids),
      })),
    allSecrets: (caller, org, store) =>
      whole((after) =>
        ask(listSecretSights, "scan", secrets(caller, org), (call) => ({ ...call, store, after, limit })),
      ),
    trash: (caller, org) =>
      whole((after) =>
        ask(listTrashSights, "scan", secrets(caller, org), (call) => ({ ...call, after, limit })),
      ),
    store: (caller, org, id) =>
      ask(sightOfStore, "point", stores(caller, org, id), (call) => ({ ...call, id })),
    stores: (caller, org) => ask(listStoreSights, "scan", stores(caller, org), (call) => call),
    machine: (caller, org, id) =>
      ask(sightOfMachine, "point", machines(caller, org, id), (call) => ({ ...call, id })),
    machines: (caller, org) => ask(listMachineSights, "scan", machines(caller, org), (call) => call),
    changedSince: (caller, org, since) =>
      ask(changedSince, "scan", secrets(caller, org), (call) => ({ ...call, since })),
  };
}

function byChange({ secret: one }: SecretSight, { secret: other }: SecretSight): number {
  const [a, b] = [one.updatedAt ?? one.createdAt, other.updatedAt ?? other.createdAt];
  return a - b || (one.id < other.id ? -1 : 1);
}
