// The stores and machines that a caller may read, with what else he may do there.
import { admit, storeOf } from "../access.ts";
import { authorize, storesFor } from "../authorize.ts";
import { limits } from "../limits.ts";
import { everyMachine, machineNotFound } from "../machines/machine.ts";
import type { OrganizationCall } from "../operation.ts";
import type { Query } from "../ports.ts";
import { storeNotFound } from "../stores/store.ts";
import { type MachineSight, mayOnMachine, mayOnStore, type StoreSight } from "./sight.ts";

interface OneInput extends OrganizationCall {
  readonly id: string;
}

/** The default store is no place by itself for these contracts: what lies there lies in none. */
export const sightOfStore: Query<OneInput, StoreSight> = {
  name: "sight.store",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const store = await storeOf(tx, access, { id: input.id });
    const may = mayOnStore(access, store);
    if (!may.read || store.id === access.organization.defaultStoreId) throw storeNotFound("not his to see");
    return { store, may };
  },
};

/** By their last change. An organization's stores are read whole: they are few beside its secrets. */
export const listStoreSights: Query<OrganizationCall, readonly StoreSight[]> = {
  name: "sight.stores.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const only = storesFor(access.authority, "store.read");
    const sights: StoreSight[] = [];
    for (let offset = 0; ; offset += limits.pageMax) {
      const order = { by: "updated", direction: "asc" } as const;
      const page = { after: null, offset, limit: limits.pageMax, only, order };
      const stores = await tx.stores.list(input.organizationId, page);
      for (const store of stores) {
        if (store.id === access.organization.defaultStoreId) continue;
        sights.push({ store, may: mayOnStore(access, store) });
      }
      if (stores.length < limits.pageMax) return sights;
    }
  },
};

export const sightOfMachine: Query<OneInput, MachineSight> = {
  name: "sight.machine",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const machine = await tx.machines.find(input.organizationId, input.id);
    if (machine === null) throw machineNotFound();
    const may = mayOnMachine(access, machine);
    if (!may.read) throw machineNotFound("not his to see");
    return { machine, may };
  },
};

export const listMachineSights: Query<OrganizationCall, readonly MachineSight[]> = {
  name: "sight.machines.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    const { authority } = access;
    const all = authorize(authority, "machine.read", everyMachine).allowed;
    const { standing } = authority;
    const held = standing?.kind === "person" ? [...standing.holdings.machines.keys()] : [];
    const only = all ? null : held;
    if (only?.length === 0) return [];
    const sights: MachineSight[] = [];
    let after: { key: string; id: string } | null = null;
    for (;;) {
      const page = await tx.machines.list(input.organizationId, { after, limit: limits.pageMax, only });
      for (const machine of page) {
        const may = mayOnMachine(access, machine);
        if (may.read) sights.push({ machine, may });
        after = { key: machine.name, id: machine.id };
      }
      if (page.length < limits.pageMax) break;
    }
    return sights.sort((one, other) => one.machine.changedAt - other.machine.changedAt);
  },
};
