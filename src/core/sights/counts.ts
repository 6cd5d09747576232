// How much there is, as far as the caller may read it.
import { type Access, admit, standingOf, targetOf } from "../access.ts";
import { type Authority, authorize, storesFor } from "../authorize.ts";
import { limits } from "../limits.ts";
import { machineNotFound } from "../machines/machine.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query, ReadTransaction } from "../ports.ts";
import { listMachineSights, listStoreSights, sightOfStore } from "./places.ts";
import { secretsIn, singleSecrets } from "./reached.ts";
import { mayOnMachine } from "./sight.ts";

export interface OrganizationCounts {
  readonly stores: number;
  readonly secrets: number;
  readonly machines: number;
}

export const countOrganization: Query<OrganizationCall, OrganizationCounts> = {
  name: "sight.counts",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    return {
      stores: (await listStoreSights.run(tx, input)).length,
      secrets: await secretsOf(tx, access.organization.id, access.authority),
      machines: (await listMachineSights.run(tx, input)).length,
    };
  },
};

/** Those of whole stores, and those that are held one by one beside them. */
async function secretsOf(tx: ReadTransaction, organizationId: string, authority: Authority): Promise<number> {
  const storeIds = storesFor(authority, "secret.reveal");
  const whole = storeIds?.length === 0 ? 0 : await tx.secrets.count(secretsIn(organizationId, storeIds));
  const single = await singleSecrets(tx, organizationId, authority, storeIds);
  const beside = single.filter(
    (secret) => secret.state === "active" && authorize(authority, "secret.reveal", targetOf(secret)).allowed,
  );
  return whole + beside.length;
}

interface OneInput extends OrganizationCall {
  readonly id: string;
}

export interface StoreCounts {
  readonly secrets: number;
  readonly people: number;
  readonly machines: number;
}

/** Who has access is counted for who may write there. */
export const countStore: Query<OneInput, StoreCounts> = {
  name: "sight.counts.store",
  run: async (tx, input) => {
    const { organizationId, id } = input;
    const access = await admit(tx, input, { id: organizationId });
    const { may } = await sightOfStore.run(tx, input);
    const whole = authorize(access.authority, "secret.reveal", { kind: "store", storeId: id }).allowed;
    const secrets = whole ? await tx.secrets.count(secretsIn(organizationId, [id])) : 0;
    const kinds = may.write ? await subjectsOn(tx, access, { kind: "store", id }) : [];
    const machines = kinds.filter((kind) => kind === "machine").length;
    return { secrets, people: kinds.length - machines, machines };
  },
};

async function subjectsOn(
  tx: ReadTransaction,
  { organization }: Access,
  object: { readonly kind: "store" | "machine"; readonly id: string },
): Promise<readonly string[]> {
  const page = { after: null, limit: limits.grantsOnObjectMax };
  const grants = await tx.grants.list(organization.id, { subject: null, object, onMachines: true }, page);
  return grants.map(({ subject }) => subject.kind);
}

export interface MachineCounts {
  readonly stores: number;
  readonly people: number;
  readonly accessTokens: number;
}

export const countMachine: Query<OneInput, MachineCounts> = {
  name: "sight.counts.machine",
  run: async (tx, input) => {
    const { organizationId, id } = input;
    const access = await admit(tx, input, { id: organizationId });
    const machine = await tx.machines.find(organizationId, id);
    if (machine === null || !mayOnMachine(access, machine).read) throw machineNotFound("not his to see");
    const filter = { subject: { kind: "machine", id } as const, object: null, onMachines: false };
    const page = { after: null, limit: limits.grantsOfSubjectMax };
    const held = await tx.grants.list(organizationId, filter, page);
    const { defaultStoreId } = access.organization;
    return {
      stores: held.filter(({ object }) => object.kind === "store" && object.id !== defaultStoreId).length,
      people: (await subjectsOn(tx, access, { kind: "machine", id })).length,
      accessTokens: (await tx.tokens.withPayload(organizationId, id, input.at)).length,
    };
  },
};

interface ReachInput extends OrganizationCall {
  readonly machineIds: readonly string[];
}

/** How many secrets each of these machines reads. */
export const countReach: Query<ReachInput, readonly number[]> = {
  name: "sight.counts.reach",
  run: async (tx, input) => {
    const { organizationId } = input;
    const access = await admit(tx, input, { id: organizationId });
    const counts: number[] = [];
    for (const id of input.machineIds) {
      const principal = await tx.access.principal("machine", id);
      if (principal === null || !mayOnMachine(access, { id }).read) throw machineNotFound("not his to see");
      const standing = await standingOf(tx, principal, organizationId);
      const unnarrowed = { operator: false, membersCreate: false, scopes: null, stores: null };
      counts.push(await secretsOf(tx, organizationId, { ...unnarrowed, principalId: id, standing }));
    }
    return counts;
  },
};
