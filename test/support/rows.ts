// Ready-made objects of the domain for tests that write them straight into repositories.
import type { Actor } from "../../src/core/caller.ts";
import { uuidv7 } from "../../src/core/ids.ts";
import type { Organization } from "../../src/core/organizations/organization.ts";
import type { Transaction } from "../../src/core/ports.ts";
import type { SealedValue, Secret, Version } from "../../src/core/secrets/secret.ts";
import type { Store } from "../../src/core/stores/store.ts";

export const ids = uuidv7({ now: () => 1_700_000_000_000 });

export const ada: Actor = { kind: "person", id: ids.next(), name: "Ada" };
export const robot: Actor = { kind: "machine", id: ids.next(), name: 'R"2' };

export function anOrganization(parts: Partial<Organization> = {}): Organization {
  const id = ids.next();
  return {
    id,
    slug: `org-${id}`,
    name: "Org",
    custody: "server",
    trash: "dialect",
    membersCreate: true,
    limits: { secrets: null, stores: null },
    usage: { secrets: 0, stores: 0 },
    defaultStoreId: ids.next(),
    revision: 0,
    createdAt: 1,
    ...parts,
  };
}

export function aStore(organization: Organization, parts: Partial<Store> = {}): Store {
  const id = ids.next();
  return {
    id,
    organizationId: organization.id,
    slug: `store-${id}`,
    name: "Store",
    attributes: {},
    backend: "embedded",
    createdAt: 1,
    createdBy: ada,
    updatedAt: null,
    revision: 1,
    ...parts,
  };
}

/** A live secret without a value; unset whatever can be. */
export function aSecret(store: Store, parts: Partial<Secret> = {}): Secret {
  const id = ids.next();
  return {
    id,
    organizationId: store.organizationId,
    storeId: store.id,
    name: `name-${id}`,
    description: null,
    policy: null,
    consumers: null,
    labels: null,
    annotations: null,
    attributes: {},
    state: "active",
    version: 0,
    versionId: null,
    backend: "embedded",
    createdAt: 1_000,
    createdBy: ada,
    updatedAt: null,
    updatedBy: null,
    lastReadAt: null,
    expiresAt: null,
    deletedAt: null,
    deletedBy: null,
    purgeAt: null,
    orphaned: false,
    revision: 1,
    ...parts,
  };
}

export function aVersion(secret: Secret, number: number, parts: Partial<Version> = {}): Version {
  const version = {
    id: ids.next(),
    secretId: secret.id,
    number,
    state: "active",
    createdAt: number,
  } as const;
  return { ...version, createdBy: ada, ...parts };
}

export function aValue(...sealed: number[]): SealedValue {
  const fingerprint = Uint8Array.from([9, ...sealed]);
  return { term: 3, sealed: Uint8Array.from(sealed), fingerprint, bytes: sealed.length };
}

/** An organization and one store of it, written. */
export async function aPlace(tx: Transaction): Promise<{ organization: Organization; store: Store }> {
  const organization = anOrganization();
  const store = aStore(organization, { id: organization.defaultStoreId, slug: "default" });
  await tx.organizations.insert(organization);
  await tx.stores.insert(store);
  return { organization, store };
}

/** Bytes as plain arrays: `pg` gives a Buffer where SQLite gives a Uint8Array. */
export function plain(bytes: Uint8Array | null | undefined): number[] | null {
  return bytes == null ? null : [...bytes];
}
