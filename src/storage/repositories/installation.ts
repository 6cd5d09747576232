// The installation's one row and the wrapped keys. It knows no key material in the clear.
import { limits } from "../../core/limits.ts";
import type {
  Installation,
  InstallationReader,
  InstallationRepository,
  InternalKeyRecord,
  KeyRecord,
  KeyState,
} from "../../core/ports.ts";
import { pinning, type Queryable, sql } from "../sql.ts";

export interface KeyRow {
  id: string;
  organization_id: string | null;
  term: number;
  state: KeyState;
  root_key_id: string;
  wrapped: Uint8Array;
  seals_reserved: number;
  created_at: number;
}

interface InternalKeyRow {
  id: string;
  purpose: InternalKeyRecord["purpose"];
  term: number;
  sealed: Uint8Array;
  public_key: string | null;
  created_at: number;
}

export const keyColumns =
  "id, organization_id, term, state, root_key_id, wrapped, seals_reserved, created_at";

export const statements = {
  find: sql<{ id: string; created_at: number }>`SELECT id, created_at FROM installation`,
  // A clash is no error: on PostgreSQL an error would end the transaction.
  insert: sql`INSERT INTO installation (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
  keys: sql<KeyRow>`
    SELECT ${keyColumns} FROM keys WHERE organization_id IS NULL ORDER BY term`,
  organizationKeys: sql<KeyRow>`
    SELECT ${keyColumns} FROM keys WHERE organization_id = $1 ORDER BY term`,
  insertKey: sql`
    INSERT INTO keys (${keyColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  internalKeys: sql<InternalKeyRow>`
    SELECT id, purpose, term, sealed, public_key, created_at FROM internal_keys ORDER BY purpose, term`,
  insertInternalKey: sql`
    INSERT INTO internal_keys (id, purpose, term, sealed, public_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)`,
  reserveSeals: sql<{ seals_reserved: number }>`
    UPDATE keys SET seals_reserved = seals_reserved + $2
    WHERE id = $1 AND state = 'current' AND seals_reserved + $2 <= $3
    RETURNING seals_reserved`,
  // A reservation of seals changes the same row, and must not wait for all who seal.
  isCurrentTerm: pinning(sql<{ id: string }>`
    SELECT id FROM keys WHERE organization_id = $1 AND term = $2 AND state = 'current' AND NOT EXISTS (
      SELECT 1 FROM keys newer WHERE newer.organization_id = $1 AND newer.term > $2)`),
};

export function keyOf(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    organizationId: row.organization_id,
    term: row.term,
    state: row.state,
    rootKeyId: row.root_key_id,
    wrapped: row.wrapped,
    sealsReserved: row.seals_reserved,
    createdAt: row.created_at,
  };
}

function internalKeyOf(row: InternalKeyRow): InternalKeyRecord {
  return {
    id: row.id,
    purpose: row.purpose,
    term: row.term,
    sealed: row.sealed,
    publicKey: row.public_key,
    createdAt: row.created_at,
  };
}

export function installationReader(db: Queryable): InstallationReader {
  return {
    async find() {
      const row = await db.one(statements.find, []);
      return row === undefined ? null : { id: row.id, createdAt: row.created_at };
    },
    async keys() {
      return (await db.all(statements.keys, [])).map(keyOf);
    },
    async organizationKeys(organizationId) {
      return (await db.all(statements.organizationKeys, [organizationId])).map(keyOf);
    },
    async internalKeys() {
      return (await db.all(statements.internalKeys, [])).map(internalKeyOf);
    },
  };
}

export function installationRepository(db: Queryable): InstallationRepository {
  return {
    ...installationReader(db),
    async insert({ id, createdAt }: Installation) {
      return (await db.run(statements.insert, [id, createdAt])) === 1;
    },
    async insertKey(key) {
      await db.run(statements.insertKey, [
        key.id,
        key.organizationId,
        key.term,
        key.state,
        key.rootKeyId,
        key.wrapped,
        key.sealsReserved,
        key.createdAt,
      ]);
    },
    async insertInternalKey(key) {
      await db.run(statements.insertInternalKey, [
        key.id,
        key.purpose,
        key.term,
        key.sealed,
        key.publicKey,
        key.createdAt,
      ]);
    },
    async reserveSeals(keyId, count) {
      const row = await db.one(statements.reserveSeals, [keyId, count, limits.sealsPerTermMax]);
      return row?.seals_reserved ?? null;
    },
    async isCurrentTerm(organizationId, term) {
      return (await db.one(statements.isCurrentTerm, [organizationId, term])) !== undefined;
    },
  };
}
