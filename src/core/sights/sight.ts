// What a caller sees of an organization without naming the store: things by their ids alone, each with
// whether he may read and write it. For contracts that know no stores around what they name.
import { type Access, storeTarget, targetOf } from "../access.ts";
import type { Action } from "../actions.ts";
import { authorize, type Target } from "../authorize.ts";
import type { Machine } from "../machines/machine.ts";
import { machineTarget } from "../machines/machine.ts";
import type { ReadTransaction } from "../ports.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Store } from "../stores/store.ts";

export interface May {
  readonly read: boolean;
  readonly write: boolean;
}

export interface SecretSight {
  readonly secret: Secret;
  /** Null: the default one, or none any more. */
  readonly store: Pick<Store, "id" | "name"> | null;
  readonly may: May;
}

export interface StoreSight {
  readonly store: Store;
  readonly may: May;
}

export interface MachineSight {
  readonly machine: Machine;
  readonly may: May;
}

function mayOn({ authority }: Access, target: Target, read: Action, write: readonly Action[]): May {
  const can = (action: Action) => authorize(authority, action, target).allowed;
  return { read: can(read), write: write.every(can) };
}

/** To read a secret is to be given its value: who sees names alone sees nothing here. */
export function mayOnSecret(access: Access, secret: Secret): May {
  const changes = ["secret.update", "secret.write", "secret.delete"] as const;
  return mayOn(access, targetOf(secret), "secret.reveal", changes);
}

export function mayOnStore(access: Access, store: Pick<Store, "id">): May {
  return mayOn(access, storeTarget(store), "store.read", ["store.update", "secret.create"]);
}

export function mayOnMachine(access: Access, machine: Pick<Machine, "id">): May {
  return mayOn(access, machineTarget(machine), "machine.read", ["machine.manage"]);
}

/** Whether there is a value to be given: what has none, or has expired, is not there for these contracts. */
export function hasValue({ version, expiresAt }: Secret, at: number): boolean {
  return version > 0 && (expiresAt === null || expiresAt > at);
}

/** Looks each store up once. */
export function storeNames(
  tx: ReadTransaction,
  { organization }: Access,
): (secret: Secret) => Promise<SecretSight["store"]> {
  const known = new Map<string, SecretSight["store"]>();
  return async ({ storeId, orphaned }) => {
    if (orphaned || storeId === organization.defaultStoreId) return null;
    let store = known.get(storeId);
    if (store === undefined) {
      const found = await tx.stores.find(organization.id, { id: storeId });
      store = found && { id: found.id, name: found.name };
      known.set(storeId, store);
    }
    return store;
  };
}
