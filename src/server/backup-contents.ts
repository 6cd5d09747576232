// Opens everything that lies sealed in a restored backup, with the root keys that are at hand: the proof
// that a restore would give values back, not only rows. Nothing of what is opened leaves this file.
import type { KeyObject } from "node:crypto";
import { readPointer } from "../core/backends/pointer.ts";
import { CofferError } from "../core/errors.ts";
import type { InternalKeyRecord } from "../core/ports.ts";
import { openValue, organizationBinding, parseEnvelope, valueBinding } from "../crypto/envelope.ts";
import type { RootKeys } from "../crypto/roots/keys.ts";
import { openInternalKey, unwrapKey } from "../crypto/wrapping.ts";
import type { Snapshot } from "../storage/backup/write.ts";
import type { SqlValue } from "../storage/sql.ts";

export interface Opened {
  readonly keys: number;
  readonly values: number;
  /** Their sealed bytes lie in another backend; the backup has the pointers to them. */
  readonly elsewhere: number;
}

/** `flaw` is told each thing that does not open, by its id. */
export async function openContents(
  snapshot: Snapshot,
  roots: RootKeys,
  flaw: (message: string) => void,
): Promise<Opened> {
  const { installation } = snapshot;
  const opened = { keys: 0, values: 0, elsewhere: 0 };
  const keyOf = new Map<string, KeyObject>();
  const place = (organizationId: string, term: number) => `${organizationId} ${term}`;
  const bindings = new Map<string, Buffer>();

  /** True where it opened. */
  function tried(open: () => void): boolean {
    try {
      open();
      return true;
    } catch (error) {
      if (!(error instanceof CofferError)) throw error;
      flaw(error.message);
      return false;
    }
  }

  for await (const row of records(snapshot, "keys")) {
    if (row.state === "destroyed") continue;
    const { id, rootKeyId, organizationId, term, wrapped } = keyRow(row);
    const root = roots.find(rootKeyId);
    if (root === null) {
      flaw(`The key ${id} is wrapped by the root key ${rootKeyId}, which was not given.`);
      continue;
    }
    const done = tried(() => {
      const key = unwrapKey(root.key, installation, { id, organizationId, term, wrapped });
      keyOf.set(place(organizationId ?? "", term), key);
    });
    if (done) opened.keys += 1;
  }

  for await (const row of records(snapshot, "internal_keys")) {
    const id = String(row.id);
    const purpose = String(row.purpose) as InternalKeyRecord["purpose"];
    const sealer = keyOf.get(place("", Number(row.term)));
    if (sealer === undefined) {
      flaw(`The key ${id} is sealed under a term of the installation's key that does not open.`);
      continue;
    }
    const sealed = bytesOf(row.sealed);
    if (tried(() => openInternalKey(sealer, installation, { id, purpose, sealed }).fill(0))) opened.keys += 1;
  }

  for await (const row of records(snapshot, "secret_versions")) {
    if (row.sealed === null) continue;
    const sealed = bytesOf(row.sealed);
    if (readPointer(sealed) !== null) {
      opened.elsewhere += 1;
      continue;
    }
    const organizationId = String(row.organization_id);
    const address = { organizationId, secretId: String(row.secret_id), versionId: String(row.id) };
    const binding = bindings.get(organizationId) ?? organizationBinding(installation, organizationId);
    bindings.set(organizationId, binding);
    const done = tried(() => {
      const envelope = parseEnvelope(sealed, address);
      const key = keyOf.get(place(organizationId, envelope.term));
      if (key === undefined)
        throw new CofferError("value.integrity", lackingTerm(address.versionId, envelope.term));
      openValue(key, envelope, valueBinding(binding, address), address).fill(0);
    });
    if (done) opened.values += 1;
  }
  return opened;
}

function lackingTerm(versionId: string, term: number): string {
  return `The value of version ${versionId} is sealed under term ${term}, whose key does not open.`;
}

function keyRow(row: Record<string, SqlValue>) {
  return {
    id: String(row.id),
    rootKeyId: String(row.root_key_id),
    organizationId: row.organization_id === null ? null : String(row.organization_id),
    term: Number(row.term),
    wrapped: bytesOf(row.wrapped),
  };
}

function bytesOf(value: SqlValue | undefined): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

async function* records(snapshot: Snapshot, name: string): AsyncGenerator<Record<string, SqlValue>> {
  const table = snapshot.tables.find((each) => each.name === name);
  if (table === undefined) return;
  for await (const page of snapshot.rows(table)) {
    for (const row of page) {
      yield Object.fromEntries(table.columns.map((column, index) => [column.name, row[index] ?? null]));
    }
  }
}
