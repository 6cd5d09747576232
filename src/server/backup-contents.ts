// Opens everything that lies sealed in a restored backup, with the root keys that are at hand: the proof
// that a restore would give values back, not only rows. Nothing of what is opened leaves this file.
import type { KeyObject } from "node:crypto";
import { readPointer } from "../core/backends/pointer.ts";
import { CofferError } from "../core/errors.ts";
import type { InternalKeyRecord, KeyRecord } from "../core/ports.ts";
import { openValue, organizationBinding, parseEnvelope, valueBinding } from "../crypto/envelope.ts";
import { lackingRoots } from "../crypto/keyring.ts";
import { isOf, openKeys } from "../crypto/open-keys.ts";
import type { RootKeys } from "../crypto/roots/keys.ts";
import { signingKeyFrom } from "../crypto/signing.ts";
import { damagedKey, openInternalKey, unwrapKey } from "../crypto/wrapping.ts";
import type { Snapshot } from "../storage/backup/write.ts";
import type { SqlValue } from "../storage/sql.ts";

export interface Opened {
  /** Of the key that signs the trail, as it lies sealed; null where the installation's keys do not open. */
  readonly auditKey: string | null;
  readonly keys: number;
  readonly values: number;
  /** Their sealed bytes lie in another backend; the backup has the pointers to them. */
  readonly elsewhere: number;
}

/** `flaw` is told each thing that does not open, by its id, and each that a start would not take. */
export async function openContents(
  snapshot: Snapshot,
  { roots, needed }: { readonly roots: RootKeys; readonly needed: readonly string[] },
  flaw: (message: string) => void,
): Promise<Opened> {
  const { installation } = snapshot;
  const opened = { keys: 0, values: 0, elsewhere: 0 };
  const lacking = new Set(needed.filter((id) => roots.find(id) === null));
  const keys: KeyRecord[] = [];
  const internalKeys: InternalKeyRecord[] = [];
  /** Nothing was found that keeps the installation's own keys from opening. */
  let sound = true;
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
    const record = keyRow(row);
    const { id, rootKeyId, organizationId, term } = record;
    if (organizationId === null) keys.push(record);
    const root = roots.find(rootKeyId);
    if (root === null) {
      flaw(`The key ${id} is wrapped by the root key ${rootKeyId}, which was not given.`);
      lacking.delete(rootKeyId);
      sound = false;
      continue;
    }
    const done = tried(() => {
      const key = unwrapKey(root.key, installation, record);
      keyOf.set(place(organizationId ?? "", term), key);
    });
    if (done) opened.keys += 1;
    else if (organizationId === null) sound = false;
  }
  // The one that wraps what comes may wrap nothing yet; a start wants it all the same.
  if (lacking.size > 0) {
    flaw(lackingRoots([...lacking]));
    sound = false;
  }

  for await (const row of records(snapshot, "internal_keys")) {
    const record = internalKeyRow(row);
    internalKeys.push(record);
    const sealer = keyOf.get(place("", record.term));
    if (sealer === undefined) {
      flaw(`The key ${record.id} is sealed under a term of the installation's key that does not open.`);
      sound = false;
    } else if (tried(() => openInternal(sealer, installation, record))) opened.keys += 1;
    else sound = false;
  }
  // Only where each opens by itself: what is wrong was told by then.
  let auditKey: string | null = null;
  if (sound) {
    tried(() => {
      auditKey = openKeys({ installationId: installation, roots, wrapsUnder: null, keys, internalKeys })
        .signing.id;
    });
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
  return { ...opened, auditKey };
}

/** Also a signing key that another took the place of: what it has signed is still verified by its public half. */
function openInternal(sealer: KeyObject, installation: string, record: InternalKeyRecord): void {
  const bytes = openInternalKey(sealer, installation, record);
  const signing = record.purpose === "audit-signing" ? signingKeyFrom(bytes) : null;
  bytes.fill(0);
  if (record.purpose === "audit-signing" && (signing === null || !isOf(signing, record)))
    throw damagedKey(record.id);
}

function lackingTerm(versionId: string, term: number): string {
  return `The value of version ${versionId} is sealed under term ${term}, whose key does not open.`;
}

function keyRow(row: Record<string, SqlValue>): KeyRecord {
  return {
    id: String(row.id),
    rootKeyId: String(row.root_key_id),
    organizationId: row.organization_id === null ? null : String(row.organization_id),
    term: Number(row.term),
    state: String(row.state) as KeyRecord["state"],
    wrapped: bytesOf(row.wrapped),
    sealsReserved: Number(row.seals_reserved),
    createdAt: Number(row.created_at),
  };
}

function internalKeyRow(row: Record<string, SqlValue>): InternalKeyRecord {
  return {
    id: String(row.id),
    purpose: String(row.purpose) as InternalKeyRecord["purpose"],
    term: Number(row.term),
    sealed: bytesOf(row.sealed),
    publicKey: row.public_key === null ? null : String(row.public_key),
    createdAt: Number(row.created_at),
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
