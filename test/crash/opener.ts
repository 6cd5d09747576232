// Opens what lies sealed in the tables, with the root key and the server's own keyring, so that the
// checker compares values and not only bytes. It writes nothing and reserves no seals.
import { join } from "node:path";
import type { InternalKeyRecord, KeyRecord } from "../../src/core/ports.ts";
import { openKeyring } from "../../src/crypto/keyring.ts";
import { readRootKeyFile } from "../../src/crypto/roots/file.ts";
import type { Row, Tables } from "./tables.ts";

export interface Opener {
  /** The value of a version's row; null where it does not open. */
  open(version: Row): Promise<string | null>;
  close(): void;
}

export async function openerOf(data: string, tables: Tables): Promise<Opener> {
  const roots = await readRootKeyFile(join(data, "root.key"));
  if (roots === null) throw new Error("there is no root key");
  const keys = tables.keys.map(keyRecord);
  const keyring = openKeyring({
    installationId: String(tables.installation[0]?.id),
    roots,
    ids: { next: () => "" },
    clock: { now: () => 0 },
    keys: keys.filter((key) => key.organizationId === null),
    internalKeys: tables.internalKeys.map(internalKeyRecord),
    loadOrganizationKeys: async (id) => keys.filter((key) => key.organizationId === id),
    rereadRoots: async () => roots,
    wrapsUnder: null,
    reserve: async () => null,
    renew: async () => null,
  });
  return {
    async open(version) {
      const address = {
        organizationId: String(version.organization_id),
        secretId: String(version.secret_id),
        versionId: String(version.id),
      };
      try {
        return (await keyring.open(address, bytesOf(version.sealed))).reveal();
      } catch {
        return null;
      }
    },
    close: () => keyring.close(),
  };
}

export function bytesOf(field: unknown): Uint8Array {
  return field instanceof Uint8Array ? field : new Uint8Array();
}

function keyRecord(row: Row): KeyRecord {
  return {
    id: String(row.id),
    organizationId: row.organization_id === null ? null : String(row.organization_id),
    term: Number(row.term),
    state: row.state as KeyRecord["state"],
    rootKeyId: String(row.root_key_id),
    wrapped: bytesOf(row.wrapped),
    sealsReserved: Number(row.seals_reserved),
    createdAt: Number(row.created_at),
  };
}

function internalKeyRecord(row: Row): InternalKeyRecord {
  return {
    id: String(row.id),
    purpose: row.purpose as InternalKeyRecord["purpose"],
    term: Number(row.term),
    sealed: bytesOf(row.sealed),
    publicKey: row.public_key === null ? null : String(row.public_key),
    createdAt: Number(row.created_at),
  };
}
